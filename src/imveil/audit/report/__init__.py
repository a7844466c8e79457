"""The page, the plots and the contact sheets of an audit."""
