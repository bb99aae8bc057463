"""`gateway demo --once`: the account a newcomer reads first must be true."""

import os
import subprocess
import sys


def test_the_demo_tells_the_day_and_ends_well() -> None:
    command = [sys.executable, "-m", "app", "demo", "--once", "--port", "0", "--salesmanago-port", "0", "--panel-port", "0"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=os.environ | {"COLUMNS": "220"})
    assert told.returncode == 0, told.stdout + told.stderr
    words = " ".join(told.stdout.split())
    assert "Obuwie, Męskie, Sportowe, Wyprzedaże, Wiosna 2015" in words
    assert "idosell_allegro_sklep.iai-shop.com" in words
    assert "wholesaler, rejestracja" in words or "rejestracja, wholesaler" in words
    assert "+ idosell_brak_aktywności2" in words
    assert "− idosell_brak_aktywności" in words
    assert "R03: The shop sends only customers who consented while placing an order" in words
    assert "answered duplicate" in words
    assert "Jan fills a cart and forgets it sent" in words
    assert "superseded R41: The person placed an order, so the cart is not abandoned." in words
    assert "complete: 152 found = " in words
    assert "this webhook is lost on purpose scan of the panel's API sent PURCHASE" in words
    assert "+ Ogród, Narzędzia, idosell_ceneo_ogrod.iai-shop.com" in words
    assert told.stderr == ""
