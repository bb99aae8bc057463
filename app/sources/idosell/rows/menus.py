"""In which sections of a shop's menu a product hangs (contract 2.15). Order lines do not say: it is looked up."""

from app.sources.idosell.rows.orders import Paths
from app.sources.idosell.rows.reading import Row, rows, whole

SEPARATOR = "\\"
"""Between the sections of a path, in JSON two of them."""

MOST_PATHS = 100


def sections(product: Row, shop_number: int, language: str = "pol") -> Paths:
    """The paths of a product in a shop's menu, in the shop's language, else Polish, else whichever there is."""
    found: dict[tuple[str, ...], None] = {}
    for node in rows(product.get("productMenu"))[:MOST_PATHS]:
        if whole(node.get("shopId")) != shop_number:
            continue
        described = rows(node.get("menuItemDescriptionsLangData"))
        by_language = {str(one.get("langId") or ""): one for one in reversed(described)}
        said = by_language.get(language) or by_language.get("pol") or (described[0] if described else {})
        path = str(said.get("menuItemTextId") or said.get("menuItemName") or "")
        segments = tuple(name.strip()[:255] for name in path.split(SEPARATOR) if name.strip())
        if segments:
            found[segments] = None
    return tuple(found)
