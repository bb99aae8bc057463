"""The gates /clients/tags…: tags of customers and their values."""

from app.sandbox.panel import reading
from app.sandbox.panel.gates.call import Call, Gate, Reply, Wants, by_row, empty, ok, refused, row_error
from app.sandbox.panel.memory.world import FaultError
from app.sandbox.panel.reading import InvalidError, needed_integer
from app.sandbox.salesmanago.memory.model import JsonObject

OPERATIONS = ("add", "set", "subtract")


def read(call: Call) -> Reply:
    """The tags of one customer; there is no list of all definitions."""
    customer_id = reading.integer(call.params, "clientId")
    if customer_id is None:
        return refused(3, "Nie przekazano parametrów")
    customer = call.panel.customers.get(customer_id)
    if customer is None:
        return refused(1, "Nie znaleziono klienta")
    tags = call.panel.tags
    rows: list[JsonObject] = [
        {"tagName": tags[tag_id], "tagId": tag_id, "tagValue": value} for tag_id, value in customer.tags.items()
    ]
    return ok({"results": rows}) if rows or not call.panel.rules.empty_is_207 else empty()


def add(call: Call) -> Reply:
    wanted = [(needed_integer(row, "clientId"), _name(row), needed_integer(row, "tagValue")) for row in call.rows]
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for customer_id, name, value in wanted:
        try:
            customer = call.customer(customer_id)
            tag_id = call.panel.add_tag(customer, name, value, call.now)
        except FaultError as error:
            errors.append(row_error(error, tagName=name, clientId=customer_id))
        else:
            value_now = customer.tags[tag_id]
            results.append({"tagName": name, "tagId": tag_id, "tagValue": value_now, "clientId": customer_id})
    return by_row(results, errors)


def _name(row: JsonObject) -> str:
    name = reading.text(row, "tagName")
    if name is None:
        raise InvalidError("tagName: missing")
    return name


def change(call: Call) -> Reply:
    """Values of tags which one customer has; 0 detaches."""
    customer_id = needed_integer(call.params, "clientId")
    if "clientTags" not in call.params:
        raise InvalidError("clientTags: missing")
    rows = reading.objects(call.params, "clientTags")
    wanted = [(needed_integer(row, "tagId"), _operation(row), needed_integer(row, "tagValue")) for row in rows]
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for tag_id, operation, operand in wanted:
        try:
            value = call.panel.set_tag(call.customer(customer_id), tag_id, operation, operand, call.now)
        except FaultError as error:
            errors.append(row_error(error, tagId=tag_id, clientId=customer_id))
        else:
            results.append({"tagId": tag_id, "tagValue": value, "clientId": customer_id})
    return by_row(results, errors)


def _operation(row: JsonObject) -> str:
    operation = reading.choice(row, "operation", OPERATIONS)
    if operation is None:
        raise InvalidError("operation: missing")
    return operation


def delete(call: Call) -> Reply:
    wanted = [(needed_integer(row, "clientId"), needed_integer(row, "tagId")) for row in call.rows]
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for customer_id, tag_id in wanted:
        try:
            call.panel.detach(call.customer(customer_id), tag_id, call.now)
        except FaultError as error:
            errors.append(row_error(error, clientId=customer_id))
        else:
            results.append({"tagId": tag_id, "clientId": customer_id})
    return by_row(results, errors)


def clear(call: Call) -> Reply:
    """Detach everything, also what others attached."""
    customer_id = needed_integer(call.params, "clientId")
    try:
        customer = call.customer(customer_id)
    except FaultError as error:
        return by_row([], [row_error(error, clientId=customer_id)])
    for tag_id in list(customer.tags):
        call.panel.detach(customer, tag_id, call.now)
    return ok({"results": [{"clientId": customer_id}]})


GATES: dict[tuple[str, str], Gate] = {
    ("GET", "clients/tags"): Gate(read, "crm", known=frozenset({"clientId"})),
    ("POST", "clients/tags"): Gate(add, "crm", "rw", Wants.LIST, frozenset({"clientId", "tagName", "tagValue"})),
    ("PUT", "clients/tags"): Gate(change, "crm", "rw", Wants.OBJECT, frozenset({"clientId", "clientTags"})),
    ("POST", "clients/tags/delete"): Gate(delete, "crm", "rw", Wants.LIST, frozenset({"clientId", "tagId"})),
    ("POST", "clients/tags/clear/delete"): Gate(clear, "crm", "rw", Wants.OBJECT, frozenset({"clientId"})),
}
