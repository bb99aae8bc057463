"""SALESmanago's monitoring code for a shop's pages, loaded only after the consent manager says yes (J6, M8; contract 6)."""

import json
import re
from urllib.parse import urlsplit

_APP = re.compile(r"app(\d{1,4})\.", re.ASCII)
CONTACT_COOKIE_DAYS = 365

_CODE = """<!-- SALESmanago on {host}: loads nothing and sets no cookie before the consent manager allows it -->
<script>
(function (w, d) {{
  var settings = {settings};
  var loaded = false, allowed = false, visitor = null, said = {{}};

  function remember(name, value, days) {{
    d.cookie = name + '=' + value + ';path=/;max-age=' + days * 86400 + ';SameSite=Lax;Secure';
  }}

  function load() {{
    allowed = true;
    if (visitor) remember('smclient', visitor, settings.days);
    if (loaded) return;
    loaded = true;
    w._smid = settings.id;
    if (settings.app) w._smapp = settings.app;
    w._smcustom = true;
    w._smclt = settings.days;
    w.SalesmanagoObject = 'sm';
    w.sm = w.sm || function () {{ (w.sm.q = w.sm.q || []).push(arguments); }};
    var script = d.createElement('script');
    script.async = true;
    script.src = settings.endpoint + '/static/sm.js';
    d.head.appendChild(script);
  }}

  function stop() {{
    allowed = false;
    if (loaded) ['smuuid', 'smclient'].forEach(function (name) {{ remember(name, '', 0); }});
  }}

  // 1. A plain callback. Call it whenever the visitor answers: smConsent(true) or smConsent(false).
  w.smConsent = function (granted) {{ if (granted === true) load(); else stop(); }};

  // 2. Google Consent Mode: the visitor's answer in the data layer, wherever it was put there from.
  function consent(entry) {{
    if (!entry || entry[0] !== 'consent' || !entry[2]) return;
    if (entry[1] !== 'update' && (entry[1] !== 'default' || entry[2].wait_for_update || entry[2].region)) return;
    ['ad_storage', 'ad_user_data'].forEach(function (name) {{ if (entry[2][name]) said[name] = entry[2][name]; }});
    if (said.ad_storage === 'granted' && said.ad_user_data !== 'denied') load();
    else if (said.ad_storage === 'denied' || said.ad_user_data === 'denied') stop();
  }}
  var layer = w.dataLayer = w.dataLayer || [], push = layer.push;
  layer.push = function () {{
    for (var at = 0; at < arguments.length; at++) consent(arguments[at]);
    return push.apply(layer, arguments);
  }};
  for (var at = 0; at < layer.length; at++) consent(layer[at]);

  // After an order or a registration: the contact's number in SALESmanago, never an address. It waits for the consent.
  w.smVisitor = function (contactId) {{
    if (!/^[0-9A-Za-z-]{{1,64}}$/.test(contactId)) return;
    visitor = contactId;
    if (allowed) load();
  }};
}})(window, document);
</script>
"""


def tracking_code(host: str, client_id: str, endpoint: str) -> str:
    """The code for one of a shop's hosts, to be pasted once into `<head>` of every page. It holds nothing secret and no person."""
    app = _APP.match(urlsplit(endpoint).hostname or "")
    settings = {
        "id": client_id,
        "app": int(app[1]) if app else 0,
        "endpoint": endpoint,
        "days": CONTACT_COOKIE_DAYS,
    }
    written = json.dumps(settings).replace("<", "\\u003c")  # no value may end the script
    return _CODE.format(host=host, settings=written)
