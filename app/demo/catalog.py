"""What the demo's merchants buy: products with SKU, barcode, unit, pack and cost, and the suppliers they buy from.

Everything follows from the lists below, so that two processes (the loading and the feed) speak of the same products.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import product as every
from typing import Final

CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Product:
    """One thing to buy. `cost` is for one unit; `pack` is how many eaches a unit holds, or None for eaches."""

    sku: str
    supplier_sku: str
    barcode: str
    name: str
    unit: str
    pack: Decimal | None
    cost: Decimal
    shelf_days: int = 0
    """How long it keeps, in days; 0 for goods without lot and expiry date."""


@dataclass(frozen=True, slots=True)
class Supplier:
    """Whom a merchant buys from."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Family:
    """Products that differ in variant and size only. `unit` is EA, or CS with a `pack`, or KG."""

    stem: str
    name: str
    cost: str
    variants: tuple[tuple[str, str], ...]
    sizes: tuple[tuple[str, str], ...]
    unit: str = "EA"
    pack: int = 0
    shelf_days: int = 0


_COLOURS = (
    ("OAT", "oat"), ("SGE", "sage"), ("SLT", "slate"), ("RST", "rust"), ("IVR", "ivory"), ("INK", "ink"),
    ("CLY", "clay"), ("FIR", "fir green"),
)  # fmt: skip
_BED_SIZES = (("TW", "twin"), ("FQ", "full/queen"), ("KG", "king"))
_TEXTILE_SIZES = (("S", "small"), ("M", "medium"), ("L", "large"))
_ONE_SIZE = (("", ""),)
_WEAR_SIZES = (("XS", "XS"), ("S", "S"), ("M", "M"), ("L", "L"), ("XL", "XL"), ("2X", "XXL"))
_OUTDOOR_COLOURS = (
    ("BLK", "black"), ("PIN", "pine"), ("EMB", "ember"), ("GLC", "glacier"), ("SND", "sand"), ("NVY", "navy"),
)  # fmt: skip
_FLAVOURS = (("ORG", "original"), ("SPC", "spicy"), ("LMN", "lemon"), ("GRL", "garlic"), ("SMK", "smoked"))

HOME: Final = (
    Family("DVT", "Linen duvet cover", "38.40", _COLOURS, _BED_SIZES),
    Family("SHT", "Percale sheet set", "29.75", _COLOURS, _BED_SIZES),
    Family("TWL", "Waffle bath towel", "7.20", _COLOURS, _TEXTILE_SIZES),
    Family("THR", "Wool throw", "31.10", _COLOURS, _ONE_SIZE),
    Family("CSH", "Cushion cover", "6.85", _COLOURS, _TEXTILE_SIZES),
    Family("RUG", "Flatweave rug", "64.00", _COLOURS, _TEXTILE_SIZES),
    Family("CUR", "Curtain panel, pair", "27.30", _COLOURS, _TEXTILE_SIZES),
    Family("APR", "Kitchen apron", "9.40", _COLOURS, _ONE_SIZE),
    Family("MUG", "Stoneware mug", "20.16", _COLOURS, _ONE_SIZE, "CS", 12),
    Family("BWL", "Stoneware bowl", "26.40", _COLOURS, _TEXTILE_SIZES, "CS", 6),
    Family("PLT", "Dinner plate", "31.20", _COLOURS, _ONE_SIZE, "CS", 8),
    Family("NPK", "Linen napkins, set of four", "11.90", _COLOURS, _ONE_SIZE),
    Family("BSK", "Seagrass basket", "14.60", _COLOURS[:3], _TEXTILE_SIZES),
    Family("CND", "Beeswax candle", "42.00", _COLOURS[:4], _ONE_SIZE, "CS", 24),
)
OUTDOOR: Final = (
    Family("JKT", "Shell jacket", "74.50", _OUTDOOR_COLOURS, _WEAR_SIZES),
    Family("FLC", "Fleece pullover", "28.90", _OUTDOOR_COLOURS, _WEAR_SIZES),
    Family("PNT", "Hiking trousers", "33.20", _OUTDOOR_COLOURS, _WEAR_SIZES),
    Family("TEE", "Merino T-shirt", "18.75", _OUTDOOR_COLOURS, _WEAR_SIZES),
    Family("SOX", "Trekking socks, pair", "4.10", _OUTDOOR_COLOURS, _WEAR_SIZES),
    Family("GLV", "Liner gloves", "6.30", _OUTDOOR_COLOURS, _WEAR_SIZES),
    Family("VST", "Insulated vest", "41.80", _OUTDOOR_COLOURS, _WEAR_SIZES),
    Family("CAP", "Trail cap", "5.95", _OUTDOOR_COLOURS, _ONE_SIZE),
    Family("PCK", "Day pack", "39.00", _OUTDOOR_COLOURS, (("18", "18 l"), ("24", "24 l"), ("32", "32 l"))),
    Family("BTL", "Steel bottle", "96.00", _OUTDOOR_COLOURS, (("05", "0.5 l"), ("10", "1 l")), "CS", 12),
    Family("TNT", "Two-person tent", "142.00", _OUTDOOR_COLOURS[:3], _ONE_SIZE),
    Family("SLB", "Sleeping bag", "88.50", _OUTDOOR_COLOURS[:3], (("R", "regular"), ("L", "long"))),
    Family("MAT", "Sleeping mat", "46.20", _OUTDOOR_COLOURS[:3], (("R", "regular"), ("L", "long"))),
    Family("PEG", "Tent pegs, bag of ten", "54.00", _OUTDOOR_COLOURS[:1], _ONE_SIZE, "CS", 20),
)
FOOD: Final = (
    Family("HUM", "Hummus 200 g", "19.20", _FLAVOURS, _ONE_SIZE, "CS", 12, 45),
    Family("OLV", "Green olives 350 g", "28.80", _FLAVOURS, _ONE_SIZE, "CS", 12, 540),
    Family("CRK", "Seeded crackers 180 g", "22.50", _FLAVOURS, _ONE_SIZE, "CS", 10, 270),
    Family("OIL", "Olive oil", "54.00", _FLAVOURS[:3], (("05", "0.5 l"), ("10", "1 l")), "CS", 6, 600),
    Family("PST", "Bronze-cut pasta 500 g", "17.40", (("PEN", "penne"), ("FUS", "fusilli"), ("LIN", "linguine")),
           _ONE_SIZE, "CS", 12, 900),
    Family("FRZ-SHR", "Frozen shrimp", "11.85", _FLAVOURS[:2], _ONE_SIZE, "KG", 0, 365),
    Family("FRZ-BRY", "Frozen berries 1 kg", "31.00", (("RSP", "raspberry"), ("BLU", "blueberry"), ("MIX", "mixed")),
           _ONE_SIZE, "CS", 10, 540),
    Family("FRZ-PZZ", "Frozen pizza", "26.70", _FLAVOURS, _ONE_SIZE, "CS", 8, 300),
    Family("FRZ-GEL", "Gelato 500 ml", "33.60", (("VAN", "vanilla"), ("CHO", "chocolate"), ("PIS", "pistachio")),
           _ONE_SIZE, "CS", 8, 420),
    Family("GFT", "Tasting box", "18.00", _FLAVOURS[:3], _ONE_SIZE),
)  # fmt: skip

SUPPLIERS: Final = {
    "HOME": (
        Supplier("MIL-014", "Minho Linen Mills"),
        Supplier("OCT-101", "Octagon Ceramics"),
        Supplier("0072", "Harlow Weaving Co."),
        Supplier("SEA-330", "Seagrass & Reed Trading"),
        Supplier("HIV-009", "Hive & Wick"),
    ),
    "OUTDOOR": (
        Supplier("NORD-2", "Nordfjell Textil AS"),
        Supplier("ALPI-7", "Alpina Confezioni S.r.l."),
        Supplier("00418", "Taihe Outdoor Manufacturing"),
        Supplier("STEEL-1", "Solingen Steelworks GmbH"),
        Supplier("MER-55", "Merino Southern Ltd."),
    ),
    "FOOD": (
        Supplier("LEV-20", "Levante Foods"),
        Supplier("ARC-08", "Arctic Harvest"),
        Supplier("PUG-31", "Puglia Pantry"),
        Supplier("0905", "Cedar Mill Bakery"),
    ),
}

_FAMILIES: Final = {"HOME": HOME, "OUTDOOR": OUTDOOR, "FOOD": FOOD}
_MAKER: Final = {"HOME": "0084120", "OUTDOOR": "4006381", "FOOD": "0071990"}
"""The first digits of the barcodes; two of them begin with zeros, which must stay."""


@cache
def products(range_name: str) -> tuple[Product, ...]:
    """All products of the range HOME, OUTDOOR or FOOD, always in the same order."""
    found: list[Product] = []
    for family in _FAMILIES[range_name]:
        for (code, variant), (size_code, size) in every(family.variants, family.sizes):
            found.append(_product(range_name, len(found), family, (code, size_code), (variant, size)))
    return tuple(found)


def _product(range_name: str, number: int, family: Family, codes: tuple[str, str], words: tuple[str, str]) -> Product:
    # Larger sizes cost more, and no two variants cost exactly the same.
    place = [code for code, _ in family.sizes].index(codes[1])
    cost = Decimal(family.cost) * (100 + 12 * place + number % 5) / 100
    return Product(
        sku="-".join(part for part in (family.stem, *codes) if part),
        supplier_sku=f"{number + 1:05}",
        barcode=_ean13(f"{_MAKER[range_name]}{number + 1:05}"),
        name=", ".join(part for part in (family.name, *words) if part),
        unit=family.unit,
        pack=Decimal(family.pack) if family.pack else None,
        cost=cost.quantize(CENT),
        shelf_days=family.shelf_days,
    )


def _ean13(twelve: str) -> str:
    """The twelve digits with their check digit."""
    total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(twelve))
    return f"{twelve}{-total % 10}"
