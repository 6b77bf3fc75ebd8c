"""The doors of on call."""

from __future__ import annotations

from django.urls import path

from umlindi.oncall.views import changes, holidays, now, reaching, rotas

app_name = "oncall"

urlpatterns = [
    path("oncall/", now.now, name="now"),
    path("oncall/calendar/<str:secret>.ics", now.own_calendar, name="calendar"),
    path("oncall/rotas/new/", rotas.add, name="add_rota"),
    path("oncall/rotas/<int:pk>/", rotas.rota, name="rota"),
    path("oncall/rotas/<int:pk>/edit/", rotas.change, name="change_rota"),
    path("oncall/rotas/<int:pk>/remove/", rotas.remove, name="remove_rota"),
    path("oncall/rotas/<int:pk>/put-on/", changes.put_on, name="put_on"),
    path("oncall/rotas/<int:pk>/take/", changes.take, name="take"),
    path("oncall/rotas/<int:pk>/swap/", changes.swap, name="swap"),
    path("oncall/rotas/<int:pk>/hand-over/", changes.hand_over, name="hand_over"),
    path("oncall/overrides/<int:pk>/take-off/", changes.take_off, name="take_off"),
    path("oncall/swaps/<int:pk>/accept/", changes.accept, name="accept_swap"),
    path("oncall/swaps/<int:pk>/decline/", changes.decline, name="decline_swap"),
    path("oncall/swaps/<int:pk>/withdraw/", changes.withdraw, name="withdraw_swap"),
    path("oncall/me/", reaching.mine, name="me"),
    path("oncall/me/profile/", reaching.set_profile, name="set_profile"),
    path("oncall/me/rules/", reaching.set_rules, name="set_rules"),
    path("oncall/me/calendar/", reaching.new_calendar, name="new_calendar"),
    path("oncall/people/<int:pk>/", reaching.person, name="person"),
    path("oncall/channels/add/", reaching.add_channel, name="add_channel"),
    path("oncall/channels/<int:pk>/test/", reaching.try_channel, name="try_channel"),
    path("oncall/channels/<int:pk>/turn/", reaching.turn, name="turn_channel"),
    path("oncall/channels/<int:pk>/remove/", reaching.remove_channel, name="remove_channel"),
    path("oncall/holidays/", holidays.listing, name="holidays"),
    path("oncall/holidays/add/", holidays.add, name="add_holiday"),
    path("oncall/holidays/<int:pk>/remove/", holidays.remove, name="remove_holiday"),
]
