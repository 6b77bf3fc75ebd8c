"""Addresses below /api/."""

from django.urls import path

from umlindi.estate.api import views

urlpatterns = [
    path("organisations/", views.OrganisationRows.as_view(), name="api-organisations"),
    path("organisations/<int:pk>/", views.OrganisationRow.as_view(), name="api-organisation"),
    path("sites/", views.SiteRows.as_view(), name="api-sites"),
    path("sites/<int:pk>/", views.SiteRow.as_view(), name="api-site"),
    path("systems/", views.SystemRows.as_view(), name="api-systems"),
    path("systems/<int:pk>/", views.SystemRow.as_view(), name="api-system"),
    path("interfaces/", views.InterfaceRows.as_view(), name="api-interfaces"),
    path("interfaces/<int:pk>/", views.InterfaceRow.as_view(), name="api-interface"),
    path("contacts/", views.ContactRows.as_view(), name="api-contacts"),
    path("contacts/<int:pk>/", views.ContactRow.as_view(), name="api-contact"),
    path("dependencies/", views.DependencyRows.as_view(), name="api-dependencies"),
    path("dependencies/<int:pk>/", views.DependencyRow.as_view(), name="api-dependency"),
    path("estate/import/", views.ImportView.as_view(), name="api-estate-import"),
    path("estate/export/", views.ExportView.as_view(), name="api-estate-export"),
]
