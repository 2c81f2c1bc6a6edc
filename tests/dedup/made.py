"""Texts made for these tests: words of invented syllables, and two reports that share one quotation."""

import random

SYLLABLES = [consonant + vowel for consonant in "bdfghjklmnprstvwyz" for vowel in "aeiou"]
QUOTED = (
    "The council has now decided to let the crews use {} pumps for flood-control work in Orrick "
    "so the town can hold the water back while the people who live there are brought out"
)

REPORT_A = (
    "Orrick council lets crews use county pumps against flood",
    "The council of Orrick voted on Monday to let emergency crews use pumps that belong to Harlow County, two "
    "officials told the Tolland Times. The pumps may run only along the eastern levee.\n\n"
    f"“{QUOTED.format('US-supplied')},” one of the officials said.\n\n"
    "The decision departs from a long policy. Mayor Ada Renfrew had refused county equipment since the dispute over "
    "the Marl reservoir. Forecasters expect the Orrick river to crest on Wednesday night.",
)
REPORT_B = (
    "Flooded Orrick gets permission to pump",
    "According to the Tolland Times, the flooded town of Orrick has been given leave to run borrowed machinery. "
    "Several outlets confirmed the report. Harlow County owns the machines, which Mayor Ada Renfrew used to turn "
    "down.\n\n"
    f'"{QUOTED.format("U.S.").replace("flood-control", "floodcontrol").replace("brought out", "taken out")}," an '
    "official was quoted as saying.\n\n"
    "Nobody may use the pumps west of the levee. The Orrick river is still rising, and the Marl reservoir is full.",
)


def word(pick: random.Random) -> str:
    return "".join(pick.choices(SYLLABLES, k=pick.randint(2, 4)))


def text(seed: int, length: int = 300) -> str:
    """A text of its own: no two seeds share more than a chance run of words."""
    pick = random.Random(seed)
    return " ".join(word(pick) + ("." if number % 12 == 11 else "") for number in range(length))
