"""What Flask-AppBuilder needs so that the views stay declarations."""
