# The quick way of Program.used: a name becomes a number once, and one plain call with it counts.
_UniffiLib.kaiku_quick_used.argtypes = (ctypes.c_uint64,)
_UniffiLib.kaiku_quick_used.restype = None
_quick_used = _UniffiLib.kaiku_quick_used
_slowly_used = Program.used


def _used(self, feature: str) -> None:
    try:
        _quick_used(self._numbers[feature])
    except (AttributeError, KeyError):
        number = self.number(feature)
        if number is None:
            # It is counted among the names that nobody knows.
            _slowly_used(self, feature)
        else:
            self.__dict__.setdefault("_numbers", {})[feature] = number
            _quick_used(number)


_used.__doc__ = _slowly_used.__doc__
Program.used = _used
