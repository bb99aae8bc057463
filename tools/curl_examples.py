"""Write examples/curl: a script for every event of a shop, with the body that the contract shows.

python -m tools.curl_examples
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from app.routers.events.endpoints import EVENTS
from app.routers.events.examples import EXAMPLES, in_batch

FOLDER = Path(__file__).parents[1] / "examples" / "curl"

_SCRIPT = """\
#!/bin/sh
# {title}.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. Sent again, it changes nothing.
set -eu
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/{path}" \\
    --header "Authorization: Bearer $GATEWAY_KEY" \\
    --header "Content-Type: application/json" \\
    --data-binary @- <<'END'
{body}
END
"""

_README = """\
# curl

One script per event, with a believable body. Change what you like; another content needs another `event_id`.

```sh
sh orders.sh
```

| script | when |
|---|---|
{rows}
| [signed.sh](signed.sh) | an event of a shop that signs its requests |

The answer is the receipt: `202`, and where to see what became of it. A refusal names the field, the rule and a right value, and
curl ends with 22.
"""


def scripts() -> Mapping[str, str]:
    """File name -> text, the README among them."""
    kinds = [(event.path, event.title, EXAMPLES[event.body.wire_type]) for event in EVENTS]
    several = in_batch("registration", "order", "tag-edit")
    bodies = [*kinds, ("events", "Many events at once", several)]
    made = {
        f"{path}.sh": _SCRIPT.format(title=title, path=path, body=json.dumps(body, ensure_ascii=False, indent=2))
        for path, title, body in bodies
    }
    rows = "\n".join(f"| [{path}.sh]({path}.sh) | {title[0].lower()}{title[1:]} |" for path, title, _ in bodies)
    return {**made, "README.md": _README.format(rows=rows)}


def main() -> None:
    for name, text in scripts().items():
        (FOLDER / name).write_text(text)
    sys.stdout.write(f"{len(scripts())} files in {FOLDER}\n")


if __name__ == "__main__":
    main()
