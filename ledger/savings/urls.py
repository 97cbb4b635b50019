from django.urls import path

from ledger.savings import auto_pages, locking, moving, on_days, views

urlpatterns = [
    path("", views.goals, name="goals"),
    path("new/", views.new_goal, name="new_goal"),
    path("<id:goal_id>/", views.goal, name="goal"),
    path("<id:goal_id>/edit/", views.edit_goal, name="edit_goal"),
    path("<id:goal_id>/add/", moving.add, name="add_to_goal"),
    path("<id:goal_id>/days/", on_days.save_on_days, name="save_on_days"),
    path("<id:goal_id>/take/", moving.take, name="take_from_goal"),
    path("<id:goal_id>/move/", moving.between, name="move_goal"),
    path("<id:goal_id>/lock/", locking.lock, name="lock_goal"),
    path("<id:goal_id>/unlock/", locking.unlock, name="unlock_goal"),
    path("<id:goal_id>/part/", auto_pages.part, name="goal_part"),
    path("<id:goal_id>/round/", auto_pages.round_up, name="goal_round"),
    path("<id:goal_id>/close/", views.close, name="close_goal"),
]
