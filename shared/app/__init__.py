"""The page: networks of all domains in a browser, with their reasons."""

from shared.app.onefile import write_page
from shared.app.page import FileInput, Grid, Page, Predicted, Share, Top, View, file_of, numbers, text_of
from shared.app.server import Server, start
