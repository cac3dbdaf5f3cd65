"""Words for how music feels: the eight emotions, valence, arousal, and when one would hear it."""

from __future__ import annotations

from data.captioning.wording import Wording, listed, wording

MOODS: dict[str, Wording] = {
    "happy": wording(
        adjectives="""happy | cheerful | joyful | sunny | merry | feel-good | good-humoured
            light-hearted | carefree | delighted | beaming | happy-go-lucky""",
        details="""in a good mood | full of joy | with a happy feel | in high spirits
            with a spring in its step | that makes people happy""",
        clauses="""make it sound happy | it should cheer people up | I am in a great mood
            let the sun in | everybody should feel good""",
        tags="good vibes | happy mood",
    ),
    "sad": wording(
        adjectives="""sad | sorrowful | gloomy | heartbroken | unhappy | heavy-hearted
            downhearted | grieving | miserable | tragic | hopeless""",
        details="""in a sad mood | full of sorrow | with a heavy heart | that makes you cry
            with a sad feel | about losing someone""",
        clauses="""make it sound sad | it should make me cry | play it as if all were lost
            I have lost someone | my heart is broken""",
        tags="heartbreak | sad mood",
    ),
    "calm": wording(
        adjectives="""calm | peaceful | relaxed | serene | laid-back | soothing | restful
            lazy Sunday | easy-going | chilled | untroubled | relaxing""",
        details="""in a calm mood | with a relaxed feel | to unwind to | to relax to
            full of peace and quiet | that calms the nerves""",
        clauses="""keep it calm | it should help me relax | I want to unwind
            nothing to worry about | let it flow gently""",
        tags="chill | calm mood | chill-out",
    ),
    "energetic": wording(
        adjectives="""energetic | lively | exciting | driving | high-energy | spirited | vigorous
            fired-up | vibrant | rousing | electrifying | action-packed""",
        details="""full of energy | with lots of drive | that gets everyone moving
            bursting with life | with plenty of punch | to get going""",
        clauses="""give it all you have | get everyone moving | it should be full of energy
            let it rip | lift them off their seats""",
        tags="energy | party mood",
    ),
    "angry": wording(
        adjectives="""angry | aggressive | fierce | furious | ferocious | violent | brutal
            savage | bad-tempered | snarling | vicious""",
        details="""full of anger | with clenched fists | in a foul temper
            that shows its teeth | with an angry edge""",
        clauses="""make it angry | it should sound furious | I am so mad right now
            let all the anger out | show no mercy""",
        tags="anger | fury",
    ),
    "tense": wording(
        adjectives="""tense | restless | anxious | suspenseful | brooding | nervous | uneasy
            edgy | unsettling | troubled | worried | dark and tense""",
        details="""full of suspense | with a dark undertone | in a tense mood
            that never settles | on edge throughout""",
        clauses="""keep the tension up | something is wrong here | it should make me nervous
            no relief, please | build some suspense""",
        tags="suspense | tension",
    ),
    "tender": wording(
        adjectives="""tender | romantic | sweet | loving | intimate | affectionate | warm-hearted
            caring | heart-warming | candle-lit | gentle and loving""",
        details="""full of love | with a tender feel | in a romantic mood | from the heart
            that feels like a warm embrace""",
        clauses="""make it tender | it should sound like love | I am in love
            say it with kindness | play it for someone dear""",
        tags="romance | love song",
    ),
    "melancholic": wording(
        adjectives="""wistful | pensive | nostalgic | lonely | rainy-day | reflective | homesick
            weary | introspective | resigned | longing | autumnal""",
        details="""full of longing | in a thoughtful mood | that looks back
            with a touch of sadness | about days gone by""",
        clauses="""it should sound lonely | I miss the old days | let me think of the past
            quietly sad, not desperate | like grey skies""",
        tags="nostalgia | longing",
    ),
}
# the low and the high side of a number; where it is neither, nothing is said
VALENCE: dict[str, Wording] = {
    "low": wording(
        adjectives="dark | negative | bleak | bitter | grim | joyless | cheerless",
        details="with a dark mood | on the dark side | with little hope | of low valence",
        clauses="keep the mood dark | there is nothing to laugh about | no comfort anywhere",
        tags="low valence | dark mood",
    ),
    "high": wording(
        adjectives="positive | hopeful | uplifting | life-affirming | pleasant | feel-good",
        details="""with a positive mood | full of hope | that lifts the spirits
            of high valence""",
        clauses="keep the mood positive | it should feel good | all is well",
        tags="high valence | positive mood",
    ),
}
AROUSAL: dict[str, Wording] = {
    "low": wording(
        adjectives="low-energy | low-key | restrained | understated | inactive | unexcited",
        details="""with little energy | that never gets excited | of low arousal
            at low intensity""",
        clauses="keep the energy down | do not get excited | hold back",
        tags="low energy | low arousal",
    ),
    "high": wording(
        adjectives="high-energy | intense | stirring | full-on | excited | heated",
        details="""with a lot of energy | at full intensity | of high arousal
            that never lets up""",
        clauses="keep the energy up | do not hold back | get my heart racing",
        tags="high energy | high arousal",
    ),
}
# when and where one would hear it
SCENES: dict[str, tuple[str, ...]] = {
    "happy": listed(
        """for a sunny morning | for a picnic in the park | for a birthday party
            for a trip with friends | for the first warm day of spring
            for children playing outside | for singing in the shower"""
    ),
    "sad": listed(
        """for a broken heart | for the end of a love story | for saying goodbye
            for a lonely night | for the saddest scene of a film | for a bad year"""
    ),
    "calm": listed(
        """for a lazy Sunday | for an evening at home | for a walk by the sea
            for studying | for a long bath | for morning coffee
            for a hammock in the shade | for a rainy afternoon"""
    ),
    "energetic": listed(
        """for a party | for a workout | for a long run | for a night out
            for sports highlights | for dancing | for an action scene"""
    ),
    "angry": listed(
        """for a boxing match | for a bad day at work | for breaking things
            for a revolution | for shouting at the wall"""
    ),
    "tense": listed(
        """for a thriller | for a detective film | for walking alone at night
            for a bank robbery | for an unsolved mystery"""
    ),
    "tender": listed(
        """for a first kiss | for a candle-lit dinner | for holding hands
            for two people in love | for a love letter | for an anniversary"""
    ),
    "melancholic": listed(
        """for a rainy afternoon | for looking out of the window | for old photographs
            for an autumn walk | for the last evening of summer
            for a drive alone at night"""
    ),
}
