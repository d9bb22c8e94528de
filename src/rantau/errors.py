"""The tree of errors. Each one says what is wrong, where, and what to do; the exit code tells whose turn it is.

RantauError                  exit 1   the work failed
|- RequestError              exit 2   the request was wrong: mend it and ask again
|  |- RecipeError                     a recipe, an override or a command's argument
|  |- SourceError                     a file, a package or a hub id that cannot be read
|  `- DataError                       a row: names file, row and field
|- ModelError                exit 1   a model that cannot be loaded, attached or merged
|- MachineError              exit 1   memory, disk or device
|- StoreError                exit 1   an artefact that is locked, damaged or unfinished
|- TrainingError             exit 1   a loss that is not a number, a phase with nothing to learn
|- MeasureError              exit 1   a figure that cannot be computed from what was given
`- ServingError              exit 1   a broker, a worker or an entry of the queue
"""


class RantauError(Exception):
    exit_code = 1


class RequestError(RantauError):
    exit_code = 2


class RecipeError(RequestError):
    pass


class SourceError(RequestError):
    pass


class DataError(RequestError):
    pass


class ModelError(RantauError):
    pass


class MachineError(RantauError):
    pass


class StoreError(RantauError):
    pass


class TrainingError(RantauError):
    pass


class MeasureError(RantauError):
    pass


class ServingError(RantauError):
    pass
