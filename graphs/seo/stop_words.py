"""Words that say nothing about what a page is about, in the languages we meet most.

Our own short list of function words and of what stands on every page; one set for all languages,
because a page does not reliably say which it is in.
"""

_ENGLISH = """
a about above after again against all almost also although always am an and another any anyone anything
are aren't around as at away back be became because become becomes been before being below between both
but by came can can't cannot come comes could couldn't did didn't do does doesn't doing don't done down
during each either else enough etc even ever every everything few first for from further gave get gets
getting give gives go goes going gone good got had hadn't has hasn't have haven't having he he'd he'll
he's hence her here here's hers herself him himself his how how's however i i'd i'll i'm i've if in
indeed instead into is isn't it it'll it's its itself just keep kept know last later least less let
let's like likely little long look lot lots made make makes making many may maybe me mean means might
more most mostly much must mustn't my myself near need needs neither never next no nobody none nor not
nothing now of off often ok on once one ones only onto or other others otherwise our ours ourselves out
over own per cent percent perhaps put quite rather really right said same say says see seem seems seen several shall
she she'd she'll she's should shouldn't since so some someone something sometimes soon still such sure
take takes taken than that that'll that's the their theirs them themselves then there there's therefore
these they they'd they'll they're they've thing things think this those though three through thus till
to together too took toward towards two under unless until up upon us use used uses using usually very
via want wants was wasn't way ways we we'd we'll we're we've well went were weren't what what's whatever
when where whether which while who whole whom whose why will with within without won't would wouldn't
yes yet you you'd you'll you're you've your yours yourself yourselves
"""
_GERMAN = """
ab aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bis bist
da dabei dadurch daher dann das dass dein deine dem den denn der deren des dessen deshalb dich die dies
diese diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines einige er es
etwa etwas euch euer für gegen gewesen hab habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen
ihr ihre ihrem ihren ihrer im immer in indem ins ist ja jede jedem jeden jeder jedes jetzt kann kein
keine können könnte mal man manche mehr mein meine mich mir mit muss müssen nach nicht nichts noch nun
nur ob oder ohne schon sehr sein seine seinem seinen seiner seit sich sie sind so solche soll sollte
sondern sonst sowie über um und uns unser unter viel viele vom von vor während wann war waren warum was
weil welche wenn wer werden wie wieder will wir wird wirst wo wurde wurden würde zu zum zur zwar zwischen
"""
_FRENCH = """
ai ainsi alors après au aucun aussi autre autres aux avant avec avoir avez bien car ce ceci cela celle
celui ces cet cette ceux chaque chez ci comme comment dans de depuis des deux donc dont du elle elles en
encore entre est et étaient était été être eu eux fait faire fois font il ils je jusque la là le les leur
leurs lors lorsque lui ma mais même mes moins mon ne ni nos notre nous on ont ou où par parce pas pendant
peu peut peuvent plus pour pourquoi puis quand que quel quelle quelles quels qui quoi sa sans se selon
sera ses si son sont sous sur ta te tes toi ton tous tout toute toutes très tu un une vers voici vos
votre vous
"""
_SPANISH = """
al algo algunas algunos ante antes aquí así aún cada casi como con contra cual cuando de del desde donde
dos durante el él ella ellas ellos en entre era eran es esa esas ese eso esos esta está están estas este
esto estos fue fueron ha había han hasta hay la las le les lo los más me mi mientras mis mucho muchos muy
nada ni no nos nosotros nuestra nuestro o otra otras otro otros para pero poco por porque pues que qué
quien se sea según ser si sí sido siempre sin sobre son su sus también tan tanto te tiene tienen todo
todos tu tus un una unas uno unos usted y ya yo
"""
_ITALIAN = """
ad agli ai al alla alle allo anche ancora avere che chi ci coi col come con contro cui da dagli dai dal
dalla dalle dei del dell della delle dello di dove due ed era essere fa fino fra gli ha hanno il in io la
le lei li lo loro lui ma me mentre mi mia mio molto ne nei nel nella nelle nello noi non nostro o ogni
per perché più poi prima può quale quando quanto quella quelle quelli quello questa queste questi questo
qui se sei sempre senza si sia sono sopra sotto sua sue sul sulla sulle suo te tra tu tutti tutto un una
uno voi
"""
_PORTUGUESE = """
ao aos aquela aquele aqui as até cada com como da das de dele dela depois do dos duas e é ela ele eles em
entre era essa esse esta está este eu foi for foram há isso isto já lhe mais mas me mesmo meu muito na
nas nem no nos nós não num numa o os ou para pela pelas pelo pelos por porque quando que quem se sem ser
seu seus só sua suas são também te tem têm ter todos tudo um uma uns você
"""
_DUTCH = """
aan al alle alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een en er
ge geen geweest haar had heb hebben heeft hem het hier hij hoe hun iemand iets ik in is ja je kan kon
kunnen maar me meer men met mij mijn moet na naar niet niets nog nu of om omdat ons ook op over reeds te
tegen toch toen tot u uit uw van veel voor want waren was wat we wel werd wezen wie wij wil worden zal ze
zei zelf zich zij zijn zo zonder zou
"""
_EVERY_PAGE = """
click cookie cookies copyright home homepage http https login menu page pages privacy read reserved rights
search sign site skip subscribe website www com html
"""

STOP_WORDS = frozenset(
    word
    for words in (_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _ITALIAN, _PORTUGUESE, _DUTCH, _EVERY_PAGE)
    for word in words.split()
)
"""Function words of seven languages, lower case."""
