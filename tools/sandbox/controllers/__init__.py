"""The controllers: each brings what is closer to what an object asks for."""
