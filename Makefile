# The scripts do the work; these are their names for those who have make.
.PHONY: demo test build bench check fuzz soak
demo test build bench check fuzz soak:
	scripts/$@ $(ARGS)
