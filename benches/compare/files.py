"""Files and questions made of the evaluation texts: PDFs with a paragraph a page, workbooks with their sentences in rows."""

import random
import re

from measured import evaluation_texts
from openpyxl import Workbook
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

PAGES_EACH = 10
ROWS_EACH = 200


def make(folder, pdfs, workbooks):
    """Paths of the files. The paragraphs repeat, in other company each time, so that no two files are alike."""
    folder.mkdir(parents=True, exist_ok=True)
    paragraphs, _ = evaluation_texts()
    style = getSampleStyleSheet()["BodyText"]
    chance = random.Random(7)
    made = []
    for number in range(pdfs):
        path = folder / f"apostila-{number:03}.pdf"
        story = []
        for page, text in enumerate(chance.sample(paragraphs, PAGES_EACH)):
            escaped = text.replace("&", "&amp;").replace("<", "&lt;")
            story += [Paragraph(f"Apostila {number}, seção {page + 1}", style), Paragraph(escaped, style), PageBreak()]
        SimpleDocTemplate(str(path), pagesize=A4).build(story)
        made.append(path)
    sentences = [part for text in paragraphs for part in re.split(r"(?<=\.) ", text) if 20 < len(part) < 200]
    for number in range(workbooks):
        path = folder / f"planilha-{number:03}.xlsx"
        book = Workbook()
        sheet = book.active
        sheet.append(["Código", "Tema", "Horas", "Nota"])
        for row in range(ROWS_EACH):
            sheet.append([f"T{number:02}-{row:03}", chance.choice(sentences), chance.randint(1, 60), round(chance.uniform(0, 10), 1)])
        book.save(path)
        made.append(path)
    return made
