"""What verbs answer of jobs and queues: values to render, in SI units."""
