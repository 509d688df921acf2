"""Policies: named operating points over one score, what mistakes cost, and how much comes in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from harmlib.params.names import Name, check_apart
from harmlib.params.section import Section

OPERATING = "operating"  # in tables of policies: the threshold that a model has without any
_PLAIN = {"f1": "f1", "f2": "fbeta:2", "mcc": "mcc", "youden": "youden"}
_FLOORS = {"recall": "precision@recall>=", "precision": "recall@precision>="}
_FLOOR = re.compile(r"(recall|precision)>=(1|0?\.\d{1,9})")
_HOURLY = re.compile(r"(\d+|\d{1,3}(?:,\d{3})+) items an hour")
_SHARE_DIGITS = Decimal("1e-9")


def _checked_objective(text: str) -> str:
    if text in _PLAIN or text == "cost" or _FLOOR.fullmatch(text):
        return text
    raise ValueError(
        "an objective is one of f1, f2, mcc, youden, cost, or a floor such as recall>=0.95 or "
        "precision>=0.9 (a fraction, at most nine decimals)"
    )


def _checked_budget(value: float | str) -> float | str:
    if isinstance(value, str) and not _HOURLY.fullmatch(value):
        raise ValueError(
            "a budget is a share of all items, such as 0.02, or so many, such as 200 items an hour"
        )
    if not isinstance(value, str) and not 0 < value <= 1:
        raise ValueError(
            "a budget is a share of all items, above 0 and up to 1; a number of items is written "
            "with its time: 200 items an hour"
        )
    return value


class Goal(Section):
    """What one operating point is chosen for: an objective, or what people can review."""

    # f1, f2, mcc, youden, cost (the lowest, see `costs`), recall>=0.95 or precision>=0.9
    objective: Annotated[str, AfterValidator(_checked_objective)] | None = None
    # Share of all items that people can look at, or "200 items an hour" (see `volume`)
    budget: Annotated[float | str, AfterValidator(_checked_budget)] | None = None

    @model_validator(mode="after")
    def _is_one_goal(self) -> Self:
        if (self.objective is None) == (self.budget is None):
            raise ValueError(
                "write either objective: (such as recall>=0.95) or budget:, one of both"
            )
        return self

    @property
    def asked(self) -> str:
        """What was asked for, as it was written."""
        return str(self.objective or self.budget)

    def objective_text(self, costs: Costs | None, volume: Volume | None) -> str:
        """Return what is sought in the words of `harmlib.analysis.objectives`.

        Parameters
        ----------
        costs : Costs or None
            Prices, which `cost` needs.
        volume : Volume or None
            How much comes in, which a budget by the hour needs.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            What the goal needs is missing.

        Examples
        --------
        >>> Goal(budget="200 items an hour").objective_text(None, Volume(items_per_hour=12000))
        'recall@flagged<=0.016666666'
        """
        if self.budget is not None:
            return f"recall@flagged<={_nine_digits(self._share(volume))}"
        text = str(self.objective)
        if text in _PLAIN:
            return _PLAIN[text]
        if found := _FLOOR.fullmatch(text):
            return f"{_FLOORS[found[1]]}{found[2]}"
        if costs is None:
            raise ValueError("objective cost needs to know what mistakes cost: add costs:")
        miss, alarm, review = (
            repr(price).removesuffix(".0")
            for price in (costs.miss, costs.false_alarm, costs.review)
        )
        return f"cost:miss={miss},alarm={alarm}" + (f",review={review}" if costs.review else "")

    def _share(self, volume: Volume | None) -> Decimal:
        if isinstance(self.budget, float):
            return Decimal(repr(self.budget))
        found = _HOURLY.fullmatch(str(self.budget))
        assert found
        if volume is None:
            raise ValueError(
                "a budget by the hour needs to know how much comes in: add volume: "
                "{items_per_hour: …}"
            )
        items = Decimal(found[1].replace(",", ""))
        return min(items / Decimal(repr(volume.items_per_hour)), Decimal(1))


def _nine_digits(share: Decimal) -> str:
    """As `Objective.parse` reads it; rounded down, so that the budget is kept."""
    return f"{share.quantize(_SHARE_DIGITS, ROUND_DOWN):f}" if share < 1 else "1"


class Policy(Goal):
    """A goal for all sections, and others for some of them."""

    # A section: a category, a modality, or both with a hyphen, as the report names it
    categories: dict[str, Goal] = Field(default={})

    def goal_of(self, section: str) -> Goal:
        """What is sought in a section."""
        return self.categories.get(section, self)


class Costs(Section):
    """What a mistake and a look at an item cost, in money or in minutes."""

    miss: Annotated[float, Field(gt=0)]  # a harmful item that passes
    false_alarm: Annotated[float, Field(ge=0)]  # a safe item that is flagged, beside its review
    review: Annotated[float, Field(ge=0)] = 0.0  # of each flagged item
    unit: Annotated[str, Field(min_length=1, max_length=20)] = "원"

    @model_validator(mode="after")
    def _are_costs(self) -> Costs:
        if self.false_alarm + self.review == 0:
            raise ValueError("if neither false_alarm nor review costs anything, flag everything")
        if self.miss <= self.review:
            raise ValueError(
                "a miss must cost more than the review that prevents it; else nothing is worth "
                "flagging"
            )
        return self


class Volume(Section):
    """How much comes in, and what people can look at."""

    items_per_hour: Annotated[float, Field(gt=0)]
    review_minutes: Annotated[float, Field(gt=0)] | None = None  # that a person needs for one item
    # That one reviewer works on items; 24: the people at work at any time are counted
    reviewer_hours_a_day: Annotated[float, Field(gt=0, le=24)] = 24.0

    def reviewers(self, flagged_share: float) -> float:
        """How many people it takes to look at a share of all items; NaN without their minutes.

        Examples
        --------
        >>> Volume(items_per_hour=1200, review_minutes=2).reviewers(0.1)
        4.0
        """
        if self.review_minutes is None:
            return float("nan")
        hours_a_day = 24 * self.items_per_hour * self.review_minutes / 60
        return flagged_share * hours_a_day / self.reviewer_hours_a_day


Policies = dict[Name, Policy]


def check_policies(
    policies: Mapping[str, Policy], costs: Costs | None, volume: Volume | None
) -> None:
    """Refuse policies whose names clash, or that lack prices or a volume.

    Parameters
    ----------
    policies : mapping of str to Policy
    costs : Costs or None
    volume : Volume or None

    Raises
    ------
    ValueError
        Naming the policy and what to do.

    Examples
    --------
    >>> check_policies({"night": Policy(objective="cost")}, None, None)
    Traceback (most recent call last):
        ...
    ValueError: policy 'night': objective cost needs to know what mistakes cost: add costs:
    """
    check_apart(policies)
    if OPERATING in policies:
        raise ValueError(
            f"a policy can't be called {OPERATING!r}: so tables call the threshold that a model "
            "has without any; rename it"
        )
    for name, policy in policies.items():
        for goal in (policy, *policy.categories.values()):
            try:
                goal.objective_text(costs, volume)
            except ValueError as error:
                raise ValueError(f"policy {name!r}: {error}") from None


def check_sections(policies: Mapping[str, Policy], sections: Iterable[str]) -> None:
    """Refuse policies that speak of a section which isn't there.

    Parameters
    ----------
    policies : mapping of str to Policy
    sections : iterable of str

    Raises
    ------
    ValueError
        Naming the policy, the section and those that there are.

    Examples
    --------
    >>> policy = Policy(objective="f1", categories={"gnu": Goal(objective="f2")})
    >>> check_sections({"general": policy}, ["gun", "fire"])
    Traceback (most recent call last):
        ...
    ValueError: policies.general.categories: 'gnu' is no section here; there are: gun, fire
    """
    known = list(sections)
    for name, policy in policies.items():
        odd = [section for section in policy.categories if section not in known]
        if odd:
            raise ValueError(
                f"policies.{name}.categories: {odd[0]!r} is no section here; there are: "
                f"{', '.join(known)}"
            )
