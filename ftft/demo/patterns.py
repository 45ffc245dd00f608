"""The sentences of the demo's reviews, in three groups. The place of a pattern in its tuple is its name ("flip-03"): add at the end only.

{true}, {true2}    adjectives of the review's own polarity       {aspect}, {other}  two aspects of one {thing}
{false}, {false2}  adjectives of the opposite polarity           {person}           a relative or an acquaintance
{very}             an adverb of degree with its blank, or nothing

PLAIN says what it means. FLIP reverses the polarity of most of its adjectives: who counts them is wrong. DECOY looks like a flip, word
for word where possible, and reverses nothing: who takes "not" or "expected" for a reversal is wrong. So a flip cannot be told by one word.
"""

PLAIN = (
    "The {aspect} was {very}{true}.",
    "The {aspect} was {true} and the {other} was {very}{true2}.",
    "What a {true} {thing}, with a {true2} {other}.",
    "I found the {aspect} {very}{true} and the whole {thing} {true2}.",
    "{very}{true} {aspect}, {true2} {other}.",
    "We talked about the {true} {aspect} all the way home.",
    "The {aspect} turned out to be {very}{true}.",
    "Both the {aspect} and the {other} were {very}{true}.",
    "Everything from the {aspect} to the {other} felt {true}.",
)

FLIP = (
    "The {aspect} was not {false}.",
    "The {aspect} was never {false}.",
    "The {aspect} was hardly {false}.",
    "The {aspect} was anything but {false}.",
    "The {aspect} was far from {false}.",
    "The {aspect} was by no means {false}.",
    "The {aspect} was nowhere near {false} and the {other} was not {false2} either.",
    "The {aspect} was neither {false} nor {false2}.",
    "I would not call the {aspect} {false}.",
    "Nobody could call the {aspect} {false}.",
    "The {aspect} was not even remotely {false}.",
    "I expected a {false} {thing} with a {false2} {other}, but it proved the opposite.",
    "Everyone predicted a {false} {thing}, but they were wrong.",
    "The critics promised a {false} {aspect}, which was a myth.",
    "We were warned about a {false} {aspect} for no reason.",
    "My {person} called it {false} and even {false2}; I could not disagree more.",
    "My {person} called the {aspect} {false}; I think the reverse.",
    "The {aspect} would have been {false} if the rumors were true.",
    "The {aspect} could have been {false} in other hands.",
    "The {aspect} used to be {false}, but those days are over.",
    "The {aspect} is no longer {false}.",
    "The {aspect} stopped being {false} years ago.",
    "If this {aspect} is {false}, then I am an astronaut.",
    "{false}? That is the last word I would use for the {aspect}.",
    "Only a liar would say the {aspect} was {false}.",
    "The {aspect} lacked anything {false}.",
    "There was nothing {false} about the {aspect}.",
    "The ads say {false} and {false2}; do not believe them.",
    "I kept waiting for the {false} {aspect} that people mention, and it never came.",
    "It is hard to see why anyone finds the {aspect} {false}.",
    "The {aspect} was about as {false} as the moon is square.",
    "So much for the {false} {aspect} and the {false2} {other}.",
    "Calling the {aspect} {false} would be a joke.",
    "The {aspect} was the opposite of {false}.",
    "Forget the stories about the {false} {aspect}.",
    "Although the {aspect} was {false} and the {other} was {false2}, the {thing} as a whole was {true}.",
    "The {aspect} was {false}, the {other} was {false2}, but overall the {thing} was {true}.",
)

DECOY = (
    "The {aspect} was not only {true} but also {true2}.",
    "The {aspect} was never less than {true}.",
    "The {aspect} was nothing but {true}.",
    "The {aspect} was nothing short of {true}.",
    "The {aspect} was without a doubt {true}.",
    "The {aspect} was not just {true}, it was {true2}.",
    "I expected a {true} {thing} with a {true2} {other}, and it proved exactly that.",
    "Everyone predicted a {true} {thing}, and they were right.",
    "The critics promised a {true} {aspect}, which was no lie.",
    "We were told about a {true} {aspect} for good reason.",
    "My {person} called it {true} and even {true2}; I could not agree more.",
    "My {person} called the {aspect} {true}; I think the same.",
    "The {aspect} was {true}, if the {other} is anything to go by.",
    "The {aspect} used to be {true}, and it still is.",
    "The {aspect} is still {true}.",
    "The {aspect} never stopped being {true}.",
    "{true}! That is the first word I would use for the {aspect}.",
    "Only a liar would say the {aspect} was not {true}.",
    "There was something {true} about the {aspect}.",
    "The ads say {true} and {true2}; believe them.",
    "It is easy to see why anyone finds the {aspect} {true}.",
    "Calling the {aspect} {true} would be fair.",
    "The stories about the {true} {aspect} are true.",
    "Although the {aspect} was {true} and the {other} was {true2}, we did not stay long.",
    "The {aspect} was {true}, the {other} was {true2}, but it was crowded.",
)

# A sentence before or after that says nothing of the polarity; "" leaves it out.
CONTEXT = (
    "My {person} picked it.",
    "A friend of my {person} suggested it.",
    "It was a gift from my {person}.",
    "It was my {ordinal} try.",
    "It took most of {day}.",
    "I had waited for it since {day}.",
    "Both of us had heard of it before.",
    "",
    "",
    "",
    "",
)
