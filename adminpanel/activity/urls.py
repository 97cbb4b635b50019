"""Live activity."""

from django.urls import path

from adminpanel.activity import views

urlpatterns = [
    path("", views.activity, name="activity"),
    path("news/", views.news, name="news"),
]
