"""Words in pictures: broken into lines, put into balloons, placed in a panel, painted."""
