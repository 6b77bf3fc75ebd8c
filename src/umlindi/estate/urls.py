"""Pages of the estate. What is not a slug stands behind `-/`, which no slug can be."""

from django.urls import path

from umlindi.estate.views import bring, browse, edit

app_name = "estate"

urlpatterns = [
    path("", browse.index, name="index"),
    path("-/import/", bring.import_page, name="import"),
    path("-/export/", bring.export_page, name="export"),
    path("-/table/<slug:kind>.csv", browse.table_csv, name="table"),
    path("-/new/", edit.add_organisation, name="add_organisation"),
    path("-/contacts/<int:pk>/edit/", edit.change_contact, name="change_contact"),
    path("-/contacts/<int:pk>/remove/", edit.remove_contact, name="remove_contact"),
    path("-/interfaces/<int:pk>/edit/", edit.change_interface, name="change_interface"),
    path("-/interfaces/<int:pk>/remove/", edit.remove_interface, name="remove_interface"),
    path("-/dependencies/<int:pk>/remove/", edit.release, name="release"),
    path("<slug:organisation>/", browse.organisation, name="organisation"),
    path("<slug:organisation>/-/edit/", edit.change_organisation, name="change_organisation"),
    path("<slug:organisation>/-/remove/", edit.remove_organisation, name="remove_organisation"),
    path("<slug:organisation>/-/sites/new/", edit.add_site, name="add_site"),
    path("<slug:organisation>/-/contacts/new/", edit.add_organisation_contact, name="add_organisation_contact"),
    path("<slug:organisation>/<slug:site>/", browse.site, name="site"),
    path("<slug:organisation>/<slug:site>/-/edit/", edit.change_site, name="change_site"),
    path("<slug:organisation>/<slug:site>/-/remove/", edit.remove_site, name="remove_site"),
    path("<slug:organisation>/<slug:site>/-/systems/new/", edit.add_system, name="add_system"),
    path("<slug:organisation>/<slug:site>/-/contacts/new/", edit.add_site_contact, name="add_site_contact"),
    path("<slug:organisation>/<slug:site>/<slug:system>/", browse.system, name="system"),
    path("<slug:organisation>/<slug:site>/<slug:system>/-/edit/", edit.change_system, name="change_system"),
    path("<slug:organisation>/<slug:site>/<slug:system>/-/remove/", edit.remove_system, name="remove_system"),
    path("<slug:organisation>/<slug:site>/<slug:system>/-/interfaces/new/", edit.add_interface, name="add_interface"),
    path("<slug:organisation>/<slug:site>/<slug:system>/-/depend/", edit.depend, name="depend"),
]
