"""Exports that the worker makes."""

from django.urls import path

from adminpanel.exports import views

urlpatterns = [
    path("", views.export_jobs, name="export_jobs"),
    path("<id:job_id>/file/", views.export_file, name="export_file"),
]
