"""What each code of ours is called on pages and at the command line: states, events, commands, runs, what waits."""

from app.console.summaries import FIELDS, N_

STATES = {
    "received": N_("to be decided"),
    "planned": N_("on its way"),
    "sent": N_("sent"),
    "withheld": N_("not sent"),
    "superseded": N_("not needed"),
    "parked": N_("needs a person"),
    "held": N_("held"),
    "waiting": N_("waiting"),
    "cancelled": N_("cancelled"),
    "shown": N_("would have been sent (test mode)"),
}
TONES = {
    "received": "info",
    "planned": "info",
    "sent": "good",
    "withheld": "calm",
    "superseded": "calm",
    "parked": "bad",
    "held": "warn",
    "waiting": "info",
    "cancelled": "calm",
    "shown": "info",
}
EVENTS = {
    "registration": N_("Account created"),
    "account-change": N_("Account changed"),
    "subscription": N_("Newsletter subscription"),
    "unsubscription": N_("Newsletter cancellation"),
    "order": N_("Order placed"),
    "order-cancellation": N_("Order cancelled"),
    "order-return": N_("Goods returned"),
    "cart": N_("Cart changed"),
    "product-view": N_("Product viewed"),
    "tag-edit": N_("Tags edited"),
    "consent": N_("Consent to transfer"),
    "erasure": N_("Erasure requested"),
    "access-request": N_("Access requested"),
    "account-listed": N_("Account found in the panel"),
    "subscriber-listed": N_("Subscriber from a list"),
    "opt-in": N_("Opt-in reported by SALESmanago"),
    "opt-out": N_("Opt-out reported by SALESmanago"),
    "opt-in-confirmed": N_("Opt-in confirmed in SALESmanago"),
    "opt-out-confirmed": N_("Opt-out confirmed in SALESmanago"),
    "upstream-status": N_("Newsletter status seen in SALESmanago"),
    "upstream-tags": N_("Tags seen in SALESmanago"),
    "status-not-taken": N_("Status that SALESmanago did not take"),
    "drift-found": N_("Difference found by comparison"),
}
THERE = {
    "PURCHASE": N_("Purchase"),
    "CART": N_("Abandoned cart"),
    "VISIT": N_("Product view"),
    "CANCELLATION": N_("Cancellation"),
    "RETURN": N_("Return"),
}
"""Events of a contact in SALESmanago."""
COMMANDS = {
    "upsert_contact": N_("Contact"),
    "add_event": N_("Event of the contact"),
    "delete_contact": N_("Delete the contact"),
    "confirm_opt_in": N_("Ask whether the opt-in is true"),
    "confirm_opt_out": N_("Ask whether the opt-out is true"),
    "set_subscription": N_("Newsletter in the shop"),
    "mirror_tags": N_("Tags to the panel"),
    "report_erasure": N_("Erasure in another shop"),
}
OUTCOMES = {
    "delivered": N_("accepted"),
    "throttled": N_("too many calls, tried again later"),
    "unreachable": N_("did not answer"),
    "unknown": N_("gave no clear answer"),
    "refused": N_("refused"),
    "by_hand": N_("only a person can do it"),
    "moot": N_("no longer needed"),
    "waits": N_("something else of the person goes first"),
}
REQUESTS = {
    "taken": N_("taken"),
    "read": N_("read"),
    "refused": N_("refused"),
    "unknown_key": N_("unknown key"),
    "failed": N_("failed"),
}
ACTIONS = {
    "signed_in": N_("signed in"),
    "signed_out": N_("signed out"),
    "configured": N_("changed the configuration"),
    "secrets_exported": N_("exported the configuration with its secrets"),
    "shop_removed": N_("removed a shop with all that was held of it"),
    "key_issued": N_("issued a key"),
    "key_revoked": N_("revoked a key"),
    "keys_rotated": N_("encrypted the secrets anew"),
    "erased_by_another_shop": N_("erased a person; the contact in SALESmanago is gone for this shop too"),
    "erasure_requested": N_("asked for a person's erasure"),
    "access_reported": N_("had a report made of what is stored about a person"),
    "replayed": N_("tried parked items again"),
    "push_read_again": N_("read a webhook once more"),
    "hand_work_done": N_("marked a manual task as done"),
    "conflicts_seen": N_("marked conflicts about a person as seen"),
    "backfill_started": N_("started a first transfer"),
    "backfill_paused": N_("paused a first transfer"),
    "backfill_resumed": N_("resumed a first transfer"),
    "backfill_approved": N_("approved a first transfer"),
    "backfill_cancelled": N_("cancelled a first transfer"),
    "reconciliation_started": N_("started a comparison"),
    "installation_confirmed": N_("confirmed that the database is no copy"),
}
POLICIES = {"order_consent": N_("only people who consented while ordering"), "all_customers": N_("all customers")}
ROLES = {
    "reader": N_("may look"),
    "operator": N_("may look and act"),
    "admin": N_("may do everything"),
    "shop": N_("a shop's program"),
}
DOORS = {
    "api": N_("API"),
    "console": N_("console"),
    "cli": N_("command line"),
    "event": N_("event of a shop"),
    "start": N_("file at the start"),
}
NEWS = {"opt_in": N_("subscribed"), "opt_out": N_("unsubscribed")}
BACKFILLS = {
    "counting": N_("counting, nothing is sent"),
    "counted": N_("counted"),
    "awaiting_approval": N_("waits for your approval"),
    "canary": N_("first few contacts"),
    "watching_the_canary": N_("watching the first few contacts"),
    "transfer": N_("transferring"),
    "closing": N_("closing"),
    "settling": N_("settling"),
    "paused": N_("paused"),
    "cancelling": N_("cancelling"),
    "cancelled": N_("cancelled"),
    "complete": N_("complete"),
    "complete_with_failures": N_("complete, with failures"),
    "incomplete": N_("incomplete"),
}
PAUSES = {
    "by_a_person": N_("Somebody paused it. Resume it to go on at the same place."),
    "canary_refused": N_("SALESmanago refused one of the first contacts. Look at what could not be delivered, then resume."),
    "policy_changed": N_("The shop sends only people who consented while ordering now, so there is no transfer of accounts."),
}
PHASES = {
    "contacts": N_("comparing contacts"),
    "accounts": N_("comparing accounts of the panel"),
    "finished": N_("finished"),
}
"""Of a comparison."""
RUN_MODES = {"preview": N_("compared only"), "repair": N_("compared and repaired"), "dry_run": N_("dry run"), "run": N_("transfer")}
OPEN_KINDS = {
    "decision": N_("events not decided yet"),
    "delivery": N_("events not delivered yet"),
    "order": N_("events that wait for their order"),
    "cart": N_("carts that may still change"),
    "held": N_("events held while the shop is switched off"),
    "click": N_("subscriptions that wait for a click"),
    "push": N_("webhooks that wait to be read"),
    "push_not_understood": N_("webhooks that were not understood"),
    "pushes_silent": N_("no webhook for longer than usual"),
    "scan_late": N_("the panel is read late"),
    "hand_work": N_("manual tasks"),
    "conflict": N_("people about whom both sides disagree"),
    "backfill": N_("first transfers that wait for a person"),
    "difference": N_("differences of the last comparison"),
}

CONFLICTS = {
    "tag_lost": N_("a tag that SALESmanago lost"),
    "tag_taken_off": N_("a tag of SALESmanago that was taken off in the panel"),
    "tags_collide": N_("tags that SALESmanago stores as one"),
    "status_kept": N_("a newsletter status that does not change"),
    "address_contested": N_("an address of two accounts"),
    "rename_refused": N_("a change of address that was refused"),
    "left_behind": N_("a contact left behind in SALESmanago"),
}
WORDS = {
    "state": STATES,
    "event": EVENTS,
    "there": THERE,
    "command": COMMANDS,
    "outcome": OUTCOMES,
    "backfill": BACKFILLS,
    "request": REQUESTS,
    "action": ACTIONS,
    "policy": POLICIES,
    "role": ROLES,
    "news": NEWS,
    "field": FIELDS,
    "door": DOORS,
    "mode": RUN_MODES,
    "phase": PHASES,
    "pause": PAUSES,
    "open": OPEN_KINDS,
}
