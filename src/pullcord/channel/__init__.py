"""The channel's rules: who may sell what where, at which price, and who invoices it; what bars an order says why."""

from .book import ChannelBook
from .model import ANY, Barred, ChannelRule, CityTerms, PriceRule, Subsidy

__all__ = ["ANY", "Barred", "ChannelBook", "ChannelRule", "CityTerms", "PriceRule", "Subsidy"]
