"""Countries as people write them: a code in any case, or a common name.

The names are those of the countries that shops in Poland deliver to, in Polish, English, German and in the country's own
language, without accents. A name that is not here is not guessed: who needs to know the country says it is not understood.
"""

import unicodedata

from app.domain.text import remembered

_NAMES: dict[str, tuple[str, ...]] = {
    "AL": ("albania", "shqiperia"),
    "AT": ("austria", "osterreich"),
    "AU": ("australia", "australien"),
    "BA": ("bosnia i hercegowina", "bosnia and herzegovina", "bosna i hercegovina"),
    "BE": ("belgia", "belgium", "belgien", "belgique", "belgie"),
    "BG": ("bulgaria", "bulgarien", "българия"),
    "BY": ("bialorus", "belarus", "беларусь"),
    "CA": ("kanada", "canada"),
    "CH": ("szwajcaria", "switzerland", "schweiz", "suisse", "svizzera"),
    "CN": ("chiny", "china"),
    "CY": ("cypr", "cyprus", "zypern", "κυπρος"),
    "CZ": ("czechy", "republika czeska", "czech republic", "czechia", "tschechien", "ceska republika", "cesko", "cze"),
    "DE": ("niemcy", "germany", "deutschland", "republika federalna niemiec", "deu", "ger"),
    "DK": ("dania", "denmark", "danemark", "danmark"),
    "EE": ("estonia", "estland", "eesti"),
    "ES": ("hiszpania", "spain", "spanien", "espana", "esp"),
    "FI": ("finlandia", "finland", "finnland", "suomi"),
    "FR": ("francja", "france", "frankreich", "fra"),
    "GB": (
        "wielka brytania",
        "united kingdom",
        "great britain",
        "grossbritannien",
        "anglia",
        "england",
        "szkocja",
        "scotland",
        "walia",
        "wales",
        "gbr",
        "uk",
    ),
    "GE": ("gruzja", "georgia", "საქართველო"),
    "GR": ("grecja", "greece", "griechenland", "hellas", "ελλαδα", "el"),
    "HR": ("chorwacja", "croatia", "kroatien", "hrvatska"),
    "HU": ("wegry", "hungary", "ungarn", "magyarorszag"),
    "IE": ("irlandia", "ireland", "irland", "eire"),
    "IL": ("izrael", "israel"),
    "IS": ("islandia", "iceland", "island"),
    "IT": ("wlochy", "italy", "italien", "italia", "ita"),
    "JP": ("japonia", "japan"),
    "KZ": ("kazachstan", "kazakhstan", "kasachstan", "казахстан"),
    "LI": ("liechtenstein",),
    "LT": ("litwa", "lithuania", "litauen", "lietuva"),
    "LU": ("luksemburg", "luxembourg", "luxemburg"),
    "LV": ("lotwa", "latvia", "lettland", "latvija"),
    "MD": ("moldawia", "moldova", "moldau"),
    "ME": ("czarnogora", "montenegro", "crna gora"),
    "MK": ("macedonia polnocna", "north macedonia", "nordmazedonien", "северна македонија"),
    "MT": ("malta",),
    "NL": ("holandia", "niderlandy", "netherlands", "the netherlands", "niederlande", "nederland", "holland", "nld"),
    "NO": ("norwegia", "norway", "norwegen", "norge"),
    "PL": ("polska", "poland", "polen", "rzeczpospolita polska", "republic of poland", "pologne", "polsko", "polonia", "pol"),
    "PT": ("portugalia", "portugal"),
    "RO": ("rumunia", "romania", "rumanien"),
    "RS": ("serbia", "serbien", "srbija", "србија"),
    "RU": ("rosja", "russia", "russland", "россия"),
    "SE": ("szwecja", "sweden", "schweden", "sverige"),
    "SI": ("slowenia", "slovenia", "slowenien", "slovenija"),
    "SK": ("slowacja", "slovakia", "slowakei", "slovensko", "slovak republic", "svk"),
    "TR": ("turcja", "turkey", "turkei", "turkiye"),
    "UA": ("ukraina", "ukraine", "україна"),
    "US": (
        "stany zjednoczone",
        "stany zjednoczone ameryki",
        "united states",
        "united states of america",
        "vereinigte staaten",
        "usa",
        "u.s.a.",
    ),
}


def _folded(text: str) -> str:
    """As it is compared: without case, accents and doubled spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l").replace("ß", "ss"))
    return " ".join("".join(sign for sign in plain if not unicodedata.combining(sign)).split())


_BY_NAME = {_folded(name): code for code, names in _NAMES.items() for name in names}


@remembered(1_024)
def country_code(country: str) -> str | None:
    """The two letters of a country. None for what is none that we understand."""
    text = country.strip()
    return _BY_NAME.get(_folded(text)) or (text.upper() if _is_code(text) else None)


def country_as_kept(country: str | None) -> str | None:
    """A code of two letters in upper case, from whichever side it comes; a name as it was written."""
    if country is None:
        return None
    text = country.strip()
    return text.upper() if _is_code(text) else text


def _is_code(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isalpha()
