from django.urls import path

from umlindi.status.metrics import Metrics
from umlindi.status.views import client, links, pages, wall

app_name = "status"

urlpatterns = [
    path("metrics", Metrics.as_view(), name="metrics"),
    path("wall/", wall.wall, name="wall"),
    path("wall/links/", links.wall_links, name="wall_links"),
    path("wall/<str:wall>/", wall.kiosk, name="kiosk"),
    path("see/<slug:told>/", client.open_page, name="open"),
    path("see/link/<str:reader>/", client.linked_page, name="linked"),
    path("status/", pages.page_list, name="pages"),
    path("status/new/<slug:organisation>/", pages.add_page, name="add_page"),
    path("status/pages/<int:pk>/", pages.page, name="page"),
    path("status/pages/<int:pk>/edit/", pages.change_page, name="change_page"),
    path("status/pages/<int:pk>/remove/", pages.remove_page, name="remove_page"),
    path("status/pages/<int:pk>/tell/", pages.tell, name="tell"),
    path("status/pages/<int:pk>/link/", links.link_page, name="link_page"),
    path("status/notices/<int:pk>/", pages.say, name="say"),
    path("status/links/<int:pk>/revoke/", links.revoke, name="revoke"),
]
