"""The estate over the API: the same rows, the same verbs, the same complaints as on its pages and in its file."""

from umlindi.estate.api.urls import urlpatterns

__all__ = ["urlpatterns"]
