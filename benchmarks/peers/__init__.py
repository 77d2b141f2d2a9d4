"""The peers, one file each: how a job is submitted there, and how its worker is started."""
