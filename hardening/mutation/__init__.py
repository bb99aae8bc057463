"""Changes one rule of `app/domain` after the other, and asks whether a test notices (`python -m hardening.mutation`)."""
