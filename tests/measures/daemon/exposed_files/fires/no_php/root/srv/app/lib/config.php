<?php // sent as it is ?>
