"""What waits, by its kind, in a few words each; the sentences are the domain's."""

from app.console.summaries import N_

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
