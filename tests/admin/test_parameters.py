"""What a command asks for and the gateway refuses is shown with a right value of just that parameter."""

from app.admin.api import _control_app
from app.routers.edge.asked import _by_route
from app.routers.edge.field_examples import EXAMPLES, WHOLE_BODY

TEXT = {("/keys/rotation", "newest"), ("/keys/{key_id:path}", "key_id")}
CHOICE = {("/backfills/{shop}/{number}/{action}", "action"), ("/pushes", "state")}
"""A refusal of another word names the first that is right."""


def test_a_parameter_that_can_be_refused_has_an_example_of_its_own() -> None:
    without = {
        (route.path, one.alias)
        for route in _control_app().routes
        for asked in [_by_route(route)]
        for one in asked.parameters
        if asked.example_of([one.alias]) == EXAMPLES[WHOLE_BODY]
    }
    assert without == TEXT | CHOICE
