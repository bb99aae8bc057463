"""Words for what runs for long: first transfers and comparisons."""

from app.console.summaries import N_

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
