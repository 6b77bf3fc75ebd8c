"""What the API's description says of rights and tokens."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from umlindi.accounts.api import declared_right


class Described(AutoSchema):
    """Each operation says which right it needs."""

    def get_description(self) -> str:  # type: ignore[override]
        right = declared_right(self.view, self.method, None)
        needed = f"Needs the right `{right}`." if right else "For every known caller."
        return "\n\n".join(filter(None, [super().get_description(), needed]))


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Bearer uml_…`"""

    target_class = "umlindi.accounts.api.TokenAuthentication"
    name = "token"

    definition: ClassVar = {
        "type": "http",
        "scheme": "bearer",
        "description": "A token made on the page “Your account”, such as `uml_…`",
    }

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return self.definition
