"""What is said of weights, from their config alone: names, figures and sentences for model cards and the page."""

# what the figures of gan.train.measure mean, which their sentences have to say
SPECTRUM_UP_TO = (
    0.8  # of the Nyquist frequency: beyond, the reference has next to nothing but the resize filter's trace
)
NEAREST_SHARE = 0.01  # of held-out faces: what lies nearer to a training picture than they do is suspicious
