"""Reports, and who gets them by mail."""

from django.urls import path

from adminpanel.reports import views

urlpatterns = [
    path("", views.reports, name="reports"),
    path("trial-balance/", views.trial_balance, name="trial_balance"),
    path("books/", views.books, name="books"),
    path("mail/", views.report_mails, name="report_mails"),
]
