"""Everything at once, at random: `make chaos` for minutes, `make soak` for hours.

Storms of faults come over a server, its network and three workers of two processes each, while clients go
on to submit. After each storm it must recover; at the end nothing may be lost. The seed is printed: it
chooses the faults and their order, though not what the machine makes of them.
"""
