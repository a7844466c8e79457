"""What people look at: contact sheets, tables, pages."""
