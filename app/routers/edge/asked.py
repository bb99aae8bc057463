"""What an address wants to be sent: the right example for a mistake, of that field and that endpoint (R93)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from starlette.types import Scope

from app.routers.edge.field_examples import EXAMPLES, WHOLE_BODY

ASKED = "gateway.asked"
"""In the scope of a request past FastAPI: the `Asked` of its address."""


@dataclass(frozen=True)
class Asked:
    """`what` is sent there, the `shape` of the body, and what did not happen if it is refused."""

    what: str = "request"
    shape: str = "send one JSON object with the header Content-Type: application/json"
    nothing: str = "Nothing was done."
    example: Any = None
    model: type[BaseModel] | None = None
    parameters: Sequence[Any] = ()
    """FastAPI's fields of path and query."""

    def example_of(self, names: Sequence[str]) -> Any:
        """A right value for a field: as its model says, or as fields of that name usually are."""
        if names and self.model is not None:
            found = _in_model(self.model, names)
            if found is not None:
                return found
        if not names or names == [WHOLE_BODY]:
            return self.example if self.example is not None else EXAMPLES[WHOLE_BODY]
        parameter = _of_parameter(self.parameters, names[0])
        return parameter if parameter is not None else EXAMPLES[_usual(names)]


def asked_by(scope: Scope) -> Asked:
    """What the address of a request wants."""
    said: Asked | None = scope.get(ASKED)
    return said if said is not None else _by_route(scope.get("route"))


def _by_route(route: Any) -> Asked:
    """`route`: FastAPI's, or None."""
    dependant = getattr(route, "dependant", None)
    if dependant is None:
        return Asked()
    parameters = [one for each in (dependant, *dependant.dependencies) for one in (*each.path_params, *each.query_params)]
    body = getattr(route, "body_field", None)
    model = body.field_info.annotation if body is not None else None
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return Asked(parameters=parameters)
    return Asked(example=example_body(model), model=model, parameters=parameters)


def example_body(model: type[BaseModel]) -> dict[str, Any]:
    """A right body: as the model shows itself, or its required fields."""
    shown = (model.model_config.get("json_schema_extra") or {}).get("example")  # type: ignore[union-attr]  # ours is a dict
    if shown is not None:
        return dict(shown)  # type: ignore[arg-type]
    needed = ((info.alias or name, info) for name, info in model.model_fields.items() if info.is_required())
    return {name: info.examples[0] for name, info in needed if info.examples}


def _in_model(model: type[BaseModel], names: Iterable[str]) -> Any:
    """None if the model does not say."""
    example: Any = None
    kinds: Sequence[Any] = (model,)
    for name in names:
        if name.isdigit():
            kinds = [inner for kind in kinds if get_origin(kind) is list for inner in _kinds(get_args(kind)[0])]
            example = example[0] if isinstance(example, list) and example else None
            continue
        models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        info = next((one for kind in models for key, one in kind.model_fields.items() if name in (one.alias or key, key)), None)
        if info is None:
            return example  # deeper than the model goes: what holds it is right as a whole
        example = info.examples[0] if info.examples else None
        kinds = _kinds(info.annotation)
    return example


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """The kinds a value may have, without what only marks them."""
    if get_origin(annotation) is list or not get_args(annotation):
        return (annotation,)
    return tuple(kind for one in get_args(annotation) for kind in _kinds(one))


def _of_parameter(parameters: Sequence[Any], name: str) -> Any:
    info = next((one.field_info for one in parameters if one.alias == name), None)
    if info is None:
        return None
    if info.examples:
        return info.examples[0]
    return None if info.is_required() else info.get_default()


def _usual(names: Sequence[str]) -> str:
    """The field as `EXAMPLES` knows it: with what it stands in, where that makes a difference."""
    spoken = [name for name in names if not name.isdigit()]
    for at in range(len(spoken) - 1, -1, -1):
        within = f"{spoken[at - 1]}.{spoken[at]}" if at else ""
        if within in EXAMPLES or spoken[at] in EXAMPLES:
            return within if within in EXAMPLES else spoken[at]
    return WHOLE_BODY
