"""A stand-in for providers on loopback: latency, usage, tools, schemas and every fault on demand."""

from langchain_modelrouter.simulator.fault import Fault
from langchain_modelrouter.simulator.fault_catalogue import FAULTS, NamedFault, UnknownFaultError, named_fault
from langchain_modelrouter.simulator.request_log import RequestRecord
from langchain_modelrouter.simulator.simulator import Simulator

__all__ = ["FAULTS", "Fault", "NamedFault", "RequestRecord", "Simulator", "UnknownFaultError", "named_fault"]
