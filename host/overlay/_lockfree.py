"""A cached_property that takes no lock, as Python 3.12 has it.

Before, one lock stands for all instances of a class, and Frappe reads the database inside: two web threads, each
holding what the other waits for, stand still for good.
"""

import functools
import sys


class cached_property:
	def __init__(self, func):
		self.func = func
		self.attrname = None
		self.__doc__ = func.__doc__

	def __set_name__(self, owner, name):
		self.attrname = name

	def __get__(self, instance, owner=None):
		if instance is None:
			return self
		try:
			return instance.__dict__[self.attrname]
		except KeyError:
			return instance.__dict__.setdefault(self.attrname, self.func(instance))

	def __class_getitem__(cls, item):
		return cls


if sys.version_info < (3, 12):
	functools.cached_property = cached_property
