from django.urls import path

from umlindi.alerts.views import answers, browse, policies

app_name = "alerts"

urlpatterns = [
    path("alerts/", browse.alert_list, name="list"),
    path("alerts/count/", browse.count, name="count"),
    path("alerts/<int:pk>/", browse.alert, name="alert"),
    path("alerts/<int:pk>/answer/", answers.answer, name="answer"),
    path("alerts/<int:pk>/remark/", answers.remark, name="remark"),
    path("alerts/policies/", policies.policy_list, name="policies"),
    path("alerts/policies/new/", policies.add_policy, name="add_policy"),
    path("alerts/policies/<int:pk>/", policies.policy, name="policy"),
    path("alerts/policies/<int:pk>/edit/", policies.change_policy, name="change_policy"),
    path("alerts/policies/<int:pk>/remove/", policies.remove, name="remove_policy"),
]
