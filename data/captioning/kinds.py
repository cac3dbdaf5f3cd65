"""Words for what kind of music it is: the styles and genres, and what one calls a piece of it."""

from __future__ import annotations

from data.captioning.wording import Wording, listed, wording

# ten styles and ten genres share most names
KINDS: dict[str, Wording] = {
    "pop": wording(
        adjectives="pop | radio pop | catchy pop | poppy | radio-friendly",
        details="in a pop style | like a pop hit | with a pop feel",
        clauses="make it pop | it should sound like the radio",
        tags="pop music | mainstream pop",
    ),
    "rock": wording(
        adjectives="rock | rocking | rock-style | rock'n'roll",
        details="in a rock style | with a rock feel | like a rock band",
        clauses="make it rock | it should rock",
        tags="rock music | rock and roll",
    ),
    "funk": wording(
        adjectives="funk | funky | groovy funk | funk-style",
        details="in a funk style | with a funky feel | like an old funk record",
        clauses="make it funky | bring the funk | keep it in the pocket",
        tags="funk music | funk groove",
    ),
    "jazz": wording(
        adjectives="jazz | jazzy | jazz-club | jazz-style",
        details="in a jazz style | with a jazz feel | like in a small jazz club",
        clauses="make it jazzy | it should sound like jazz",
        tags="jazz music | jazz combo",
    ),
    "blues": wording(
        adjectives="blues | bluesy | blues-style",
        details="in a blues style | with a bluesy feel | like an old blues record",
        clauses="play the blues | make it bluesy | I have got the blues",
        tags="blues music",
    ),
    "country": wording(
        adjectives="country | country-style | country-and-western | country or folk",
        details="in a country style | with a country feel | from down on the farm",
        clauses="make it country | it should smell of hay",
        tags="country music | folk and country",
    ),
    "electronic": wording(
        adjectives="electronic | electro | club | dance | synthetic",
        details="in an electronic style | with an electronic feel | for the club",
        clauses="make it electronic | it should sound like a machine",
        tags="electronic music | EDM | dance music",
    ),
    "latin": wording(
        adjectives="latin | latin-style | Latin American | tropical latin | latin-flavoured",
        details="in a latin style | with a latin feel | with latin rhythms",
        clauses="give it a latin touch | make it latin",
        tags="latin music | latin groove",
    ),
    "reggae": wording(
        adjectives="reggae | reggae-style | island",
        details="in a reggae style | with a reggae feel | with an island feel",
        clauses="make it reggae | play it like a reggae band",
        tags="reggae music | reggae groove",
    ),
    "ballad": wording(
        adjectives="ballad | ballad-style | ballad-like",
        details="in the manner of a ballad | like a ballad",
        clauses="make it a ballad | play it as a ballad",
        tags="ballad",
    ),
    "soul": wording(
        adjectives="soul | soulful | R&B | rhythm-and-blues",
        details="in a soul style | with a soulful feel | like an old soul record",
        clauses="make it soulful | put some soul into it",
        tags="soul music | R&B | soul and R&B",
    ),
}
# where a style is heard: as true as the style
PLACES: dict[str, tuple[str, ...]] = {
    "pop": listed("for the radio | for the car radio"),
    "rock": listed("for the garage | for a rock concert"),
    "funk": listed("for the block party | for a funky night"),
    "jazz": listed("for a jazz club | for a late-night bar | for a cocktail bar"),
    "blues": listed("for a smoky bar | for a blues bar"),
    "country": listed("for the open road | for the porch | for a barn dance"),
    "electronic": listed("for the club | for the DJ | for a night in the club"),
    "latin": listed("for the beach | for a tropical night | for dancing in the sand"),
    "reggae": listed("for a hot day | for the beach | for the island"),
    "ballad": listed("for a slow dance | for lovers"),
    "soul": listed("for a late night | for a Sunday with old records"),
}
NOUNS = listed(
    """song | track | tune | piece | groove | instrumental | jam | number | loop | melody | sketch
    backing track | composition | idea | theme"""
)
PLURALS = listed("music | background music | instrumental music | band music")
OPENINGS = listed(
    """I want | I'd like | give me | please play | make | compose | write me | I need | play
    let me hear | generate | create | can you play | could you write | how about | let's have
    please make | we need | produce | improvise | I am looking for | record | do"""
)
VAGUE = listed("something | anything | some music that is | music that is | a bit of music,")
NOTHING_KNOWN = listed(
    """a piece of music | music for a small band | a song | an instrumental | a tune | some music
    play something | surprise me | anything you like"""
)
