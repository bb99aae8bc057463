"""What a recovery link of ours stands for."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.routers.edge.dependencies import CallingShop, RecoveryDep
from app.routers.edge.field_examples import field
from app.routers.edge.problems import documented

router = APIRouter(prefix="/v1/shops/{shop}", tags=["Shop: way back"], responses=documented(401, 404, 503))


class RecoveryIn(BaseModel):
    """The token of the link a customer followed."""

    model_config = ConfigDict(extra="forbid")

    token: str = field("token", "What stands in the link after `token=`, 1 to 4,096 characters.", min_length=1, max_length=4096)


class RecoveredItemOut(BaseModel):
    """One of the goods."""

    product_id: str = Field(description="Id of the product.", examples=["101"])
    quantity: str = Field(description="How many, as a decimal number.", examples=["2"])


class RecoveredCartOut(BaseModel):
    """Goods alone: the link says nothing about the person, so following it discloses nothing about anybody."""

    items: list[RecoveredItemOut] = Field(description="The goods.")


@router.post("/recovered-carts", responses=documented(400, 413, 415, 422), summary="Open a recovery link")
async def recovered_cart(shop: CallingShop, body: RecoveryIn, links: RecoveryDep) -> RecoveredCartOut:
    """The goods behind a recovery link of the gateway. **Add** them to the basket the visitor has; never replace it.

    A link lasts 14 days. One that is forged, older, or another shop's answers 404.
    """
    found = links.items(shop.id, body.token)
    return RecoveredCartOut(items=[RecoveredItemOut(product_id=one.product_id, quantity=one.quantity) for one in found])
