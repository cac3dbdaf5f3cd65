"""Does the music do what was asked? Wishes, what came of them, and rows beside floor and ceiling.

`facts` measures songs; `catalogue`, `requests`, `wordings` say what is asked; `measures` compares
both; `rows` makes the table and `figure` the picture. Nothing here knows a model: `models.asking`
asks.
"""
