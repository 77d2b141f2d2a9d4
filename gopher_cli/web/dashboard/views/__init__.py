"""What pages show: queries, charts, tables, filters of templates."""
