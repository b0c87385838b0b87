# The scripts do the work; these are their names for those who have make.
.PHONY: demo test build bench check fuzz soak matrix
demo test build bench check fuzz soak matrix:
	scripts/$@ $(ARGS)
