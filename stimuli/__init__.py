"""Which images exist, and where did each come from?"""
