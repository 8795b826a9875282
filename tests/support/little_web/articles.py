"""The honest pages, and those that are honestly wrong: Norland, an island that does not exist.

What is true there (the survey's pages say it):
Mount Ada is 4,812 metres high (survey of 2019), was believed to be 4,790 (1962), was first climbed
in 1931 by Ines Varga; the Tern glacier lost 38 percent of its area between 1962 and 2019; the
Norland railway opened in 1926 and is 61 kilometres long.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Article:
    """A page of prose."""

    host: str
    path: str
    title: str
    text: str  # paragraphs, parted by blank lines; "## " begins a heading
    author: str = ""
    date: str = ""
    site: str = ""
    found: bool = True  # by the search

    @property
    def paragraphs(self) -> list[str]:
        """The text in its parts."""
        return [" ".join(part.split()) for part in self.text.strip().split("\n\n")]


ARTICLES = (
    Article(
        host="atlas",
        path="/mount-ada",
        title="Mount Ada",
        author="Mira Holt",
        date="2023-06-12",
        site="Atlas of Norland",
        text="""
Mount Ada is the highest mountain of Norland. Its summit is 4,812 metres above the sea, according
to the survey of 2019.

Until then the height was given as 4,790 metres, a value that goes back to the survey of 1962. The
difference does not mean that the mountain grew: the older survey measured angles from the coast
and corrected too little for the bending of light.

## First ascent

The first people on the summit were Ines Varga and her rope partner Pell Aaron, on 3 August 1931.
They climbed the eastern ridge, which is still the usual way.

## Name

The mountain is named after Ada Lindqvist, who drew the first map of the island in 1874.
""",
    ),
    Article(
        host="atlas",
        path="/norland",
        title="Norland",
        author="Mira Holt",
        date="2022-01-20",
        site="Atlas of Norland",
        text="""
Norland is an island of 12,400 square kilometres with 84,000 inhabitants, most of whom live in the
harbour town of Sund.

The middle of the island is a range of old volcanoes, of which Mount Ada is the highest. Between
them lies the Tern glacier, the only one of the island.

The economy lives of fishing, of the wind parks on the western coast, and of visitors who come for
the railway and the mountains.
""",
    ),
    Article(
        host="atlas",
        path="/tern-glacier",
        title="Tern glacier",
        author="Joon Park",
        date="2023-09-02",
        site="Atlas of Norland",
        text="""
The Tern glacier lies between Mount Ada and Mount Bel. In 2019 it covered 21.7 square kilometres.

In 1962 it had covered 35.0 square kilometres, so that it has lost 38 percent of its area within
57 years. Most of that was lost after 1990.

Melt water of the glacier feeds the Lake Tern, from which the town of Sund takes its drinking water.
""",
    ),
    Article(
        host="atlas",
        path="/norland-railway",
        title="Norland railway",
        author="Mira Holt",
        date="2021-04-08",
        site="Atlas of Norland",
        text="""
The Norland railway runs from Sund to Upper Tern. It opened on 1 May 1926 and is 61 kilometres long.

It climbs 980 metres and has 43 bridges. Since 2014 its trains have been electric; before that they
were pulled by diesel engines, and until 1958 by steam.
""",
    ),
    Article(
        host="atlas",
        path="/people/ines-varga",
        title="Ines Varga",
        author="Joon Park",
        date="2020-11-30",
        site="Atlas of Norland",
        text="""
Ines Varga (1902–1988) was a surveyor and mountaineer. She led the party that first climbed Mount
Ada, on 3 August 1931.

Her notebooks, which the library of Sund keeps, describe the weather and the way hour by hour. They
are the main source about the ascent.

Later she measured the Tern glacier every summer from 1948 to 1971, the longest row of measurements
that there is.
""",
    ),
    Article(
        host="survey",
        path="/2019",
        title="Results of the survey of 2019",
        author="Norland Survey",
        date="2019-12-01",
        site="Norland Survey",
        text="""
The survey of 2019 determined the height of Mount Ada as 4,812.4 metres, with an uncertainty of
0.3 metres. Rounded, 4,812 metres are to be used on maps.

The height was measured with satellite receivers that stood on the summit for 41 hours, and checked
by levelling from the tide gauge in Sund.

The area of the Tern glacier was determined from aerial photographs as 21.7 square kilometres.
""",
    ),
    Article(
        host="survey",
        path="/1962",
        title="Results of the survey of 1962",
        author="Norland Survey",
        site="Norland Survey",
        text="""
The height of Mount Ada was determined in 1962 as 4,790 metres, by angles measured from four points
on the coast.

The area of the Tern glacier was 35.0 square kilometres in the summer of 1962.

The results of this survey are replaced by those of 2019.
""",
    ),
    Article(
        host="survey",
        path="/tide-gauge",
        title="The tide gauge of Sund",
        author="Norland Survey",
        date="2018-05-05",
        site="Norland Survey",
        text="""
All heights on Norland are counted from the mean water of the tide gauge of Sund. It has been read
since 1881, by a machine since 1969.

The sea at Sund has risen by 19 centimetres between 1881 and 2017.
""",
    ),
    Article(
        host="blog",
        path="/climbing-ada",
        title="How I climbed Mount Ada in two days",
        author="Rufus Vane",
        date="2016-07-30",
        site="Rufus goes up",
        text="""
Everybody knows that Mount Ada is 4,900 metres high, and after two days on it I believe that it is
more. My watch showed 4,931 on the summit!

We started from Upper Tern at five in the morning, slept at the hut of the alpine club, and were on
the summit at nine. The eastern ridge is easy as long as it is dry.

Bring more water than you think. There is none above the hut.
""",
    ),
    Article(
        host="blog",
        path="/first-ascent-myth",
        title="The myth of the first ascent",
        author="Rufus Vane",
        date="2017-02-14",
        site="Rufus goes up",
        text="""
They say that Ines Varga was the first on Mount Ada. My grandfather always said that Tomas Reid was
there in 1929, two years before her, and that he left a bottle with his name.

Nobody has ever found the bottle. But then nobody has ever looked for it properly.
""",
    ),
    Article(
        host="news",
        path="/2020/new-height",
        title="Mount Ada is 22 metres higher than we thought",
        author="Lena Brandt",
        date="2020-01-15",
        site="Norland News",
        text="""
SUND. The maps of Norland have to be printed anew: Mount Ada is 4,812 metres high and not 4,790, as
every child has learned at school since 1962.

"The mountain did not grow, our instruments did," said the head of the survey, Olga Renn.

The alpine club wants to correct the sign on the summit in the summer.
""",
    ),
    Article(
        host="news",
        path="/2021/glacier",
        title="Tern glacier has lost more than a third",
        author="Lena Brandt",
        date="2021-08-19",
        site="Norland News",
        text="""
SUND. The Tern glacier has lost 38 percent of its area since 1962, the survey says. If the summers
stay as they are, it will be gone in about 2080.

The water works of Sund are looking for wells, because the lake below the glacier will sink.
""",
    ),
    Article(
        host="news",
        path="/2022/railway",
        title="Railway closes for a summer",
        author="Adam Sole",
        date="2022-03-03",
        site="Norland News",
        text="""
SUND. The Norland railway will not run between June and September: eleven of its 43 bridges are to
be renewed. Buses will go instead.

The line was opened in 1926. Its director calls the work "the largest since the steam engines went".
""",
    ),
    Article(
        host="forum",
        path="/ada-height",
        title="Height of Mount Ada? - Hill forum",
        date="2021-10-10",
        site="Hill forum",
        text="""
pell77: My old map says 4,790 for Mount Ada, the new one says 4,812. Which is right?

hut_keeper: The new one. 4,790 was measured in 1962 from the coast. 4,812 is from 2019, with
receivers on the summit.

grumble: I still say 4,790. What was good enough for sixty years is good enough for me.
""",
    ),
    Article(
        host="wiki",
        path="/wiki/Mount_Ada",
        title="Mount Ada",
        date="2024-02-02",
        site="Little encyclopedia",
        text="""
Mount Ada is a dormant volcano and the highest mountain of Norland, with a height of 4,812 metres.

It was first climbed in 1931 by Ines Varga and Pell Aaron. An earlier ascent in 1929 by Tomas Reid
is sometimes claimed, but there is no evidence for it.
""",
    ),
    Article(
        host="wiki",
        path="/wiki/Norland_railway",
        title="Norland railway",
        date="2024-02-03",
        site="Little encyclopedia",
        text="""
The Norland railway is a railway of 61 kilometres on the island of Norland, opened in 1926.

It has 43 bridges and has been electric since 2014.
""",
    ),
    Article(
        host="closed",
        path="/page",
        title="The archive of Sund",
        site="Archive of Sund",
        text="""
This page is for people only: its robots.txt says that programs must not read it. It says that the
height of Mount Ada is a secret.
""",
    ),
    Article(
        host="atlas",
        path="/private/notes",
        title="Notes of the editors about Mount Ada",
        site="Atlas of Norland",
        text="""
The editors' notes about the height of Mount Ada are kept from programs by robots.txt, while the
rest of the atlas may be read.
""",
    ),
)
