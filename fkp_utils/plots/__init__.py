"""Every figure: functions take values and axes and return axes; the style and shared parts are in `common`."""
