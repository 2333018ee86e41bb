"""Answers to a read-back that only look like a yes, and plain ones beside them, in the form of consent_replies.py."""

HOSTILE = """
> I will cancel order #W46930. Your $34 will be refunded. Shall I go ahead?
yes | Yes, please cancel it.
yes | Sure, do it.
yes | Yes thanks, I don't need it anymore.
yes | Okay, please cancel #W46930.
yes | That's right, go ahead.
yes | Correct. Please proceed.
yes | Fine by me.
yes | Works for me, thanks
yes | That's fine, go on then.
yes | I confirm.
yes | I agree to the cancellation.
yes | Yup, all good.
yes | Yes, $34 is right.
yes | Yes, $34 back to my card, please.
yes | That's correct, please go ahead with the cancellation.
yes | Looks good to me!
yes | Please do so.
yes | please do
yes | Cancel away.
yes | Of course, go ahead
yes | You may proceed.
yes | You can cancel it.
yes | I'd like that, yes.
yes | I want it cancelled, yes
yes | Yes! Finally.
yes | Yes, and please hurry.
yes | Yes, as soon as possible.
yes | Yes, cancel it and refund the money.
yes | Alright, go ahead
yes | ok go
yes | ok do it
yes | sounds good
yes | sounds great, thank you
yes | Yes, I'm sure.
yes | I'm sure.
yes | 100%
yes | Green light from me.
yes | Go right ahead.
yes | Yes - that's all I need.
yes | Yes please go ahead, I ordered it by mistake.
yes | Yes, I ordered the wrong one.
yes | Yes please, I bought it somewhere else.
yes | Yes, I found a cheaper one elsewhere.
yes | Yes. My dog ate my homework.
yes | Yes, cancel order #W46930 for me now.
yes | Yeah go ahead, the money goes to my card, right?
yes | Please cancel order #W46930.
yes | Approved.
yes | Granted.
yes | OK
yes | k thx
yes | 👍
unclear | Yes I know, you told me that already.
unclear | Yes, I heard you.
unclear | Yeah right, as if.
unclear | Yes, that is what I am afraid of.
unclear | Yes I understand what you want to do.
unclear | Yes that's my order.
unclear | Yeah, that's the order number.
unclear | Yes, I am still here.
unclear | Yes, I can hear you.
unclear | Yes, I'm reading it.
no | Yes, hold off on that.
unclear | Yes and do it tomorrow.
unclear | Sure, go ahead and transfer me to a human.
unclear | Go ahead and tell me the refund amount.
no | Go ahead and keep it.
unclear | Please go ahead and explain.
unclear | Yes, to the voucher.
unclear | Yes, I want the voucher.
unclear | Yes, to a human.
unclear | Yes, cancel the other one.
unclear | Yes, cancel #W11111.
unclear | Yes, return it.
unclear | Yes please, a human.
unclear | Yes, please connect me with your supervisor.
unclear | Yeah nah.
unclear | Yes that would be terrible.
unclear | Yes, unfortunately you misunderstood.
unclear | Yes, cancel the cancellation.
unclear | Confirm the amount please.
unclear | Confirm my address.
unclear | Please do it for the second order.
unclear | Proceed with the swap.
unclear | Go ahead with the exchange.
unclear | Yes, exchange it for a mug.
unclear | Please do let me speak to somebody.
unclear | Please do the return.
unclear | Absolutely terrible service.
unclear | Definitely never buying again.
unclear | Of course you would.
unclear | Yes, go fetch your manager.
unclear | OK, I will talk to my wife.
unclear | ok, what happens to the voucher
unclear | Sure you will.
unclear | Yes, that sounds scary.
unclear | Yeah, whatever.
unclear | Yes? Who is this?
unclear | Yes, what is it
unclear | Let's do this another way.
unclear | Let's do the other one.
unclear | Do it and I'll sue you.
unclear | Yes, I've got all day.
unclear | Yes my name is Mei.
unclear | Yes, zip 47233.
unclear | Yes cancel my account.
unclear | Yes - the address is 5 Oak Street.
unclear | Yes, refund me $50.
unclear | Yes, and refund me $50 extra.
unclear | Yes, after my holiday.
unclear | Yes, next week please.
unclear | Yes, by Friday.
unclear | Yes, when my friend agrees.
unclear | Yes, when I get back.
unclear | Yes, just half of it.
unclear | Yes, one of them.
unclear | Yes, so long as the refund is in cash.
unclear | Yes, given that you pay for shipping.
unclear | Yes, in cash.
unclear | Yes to store credit.
unclear | Yes, in exchange for a discount.
unclear | Agreed, it is terrible.
unclear | Yes it is a nice mug.
unclear | Yes, it has arrived.
unclear | Yes, that is the problem.
unclear | Proceed at your own peril.
unclear | Go for it, I dare you.
unclear | Yes go ahead, just kidding.
unclear | Yes, lol jk.
no | Yes... no.
unclear | Yes, oh wait.
unclear | Yesterday I told you.
unclear | yes or no
> 我将取消订单#W46930，退款$34。可以办理吗？
yes | 可以
yes | 好的，取消吧
yes | 对，请取消
yes | 没问题，办吧
yes | 确认取消
yes | 同意取消
yes | 嗯嗯
yes | 可以的，谢谢
yes | 好的，麻烦尽快
yes | 是的，请帮我取消
yes | 行，就这么办
yes | 好滴
yes | OK的
yes | 可以，退到卡里就行
yes | 好的，$34没问题
unclear | 可以，你先告诉我多久到账
unclear | 可以退到微信吗
unclear | 好的，我知道了
unclear | 是的，这是我的订单
unclear | 对，是我的订单
unclear | 好的，稍等
unclear | 好，让我看看
unclear | 好的我再看看
unclear | 行，那我找你们经理
unclear | 可以，转人工
unclear | 好的，转人工吧
unclear | 是啊，太慢了
unclear | 可以换成雨衣
unclear | 确认一下地址
unclear | 取消会员
unclear | 好的，明天取消
unclear | 可以，下周再办
unclear | 好，办理退货
unclear | 确认收到
unclear | 同意个鬼
unclear | 行了行了
unclear | 好吧随便
unclear | 可以退$50
unclear | 当然生气
unclear | 是的，我姓王
unclear | 对，就是这个订单
unclear | 好的，退款多少
unclear | 麻烦转接经理
"""
"""Remarks and other wishes that begin with a yes, and plain ones beside them; one who looked for such wrote them.

Before the lexicon looked at what follows a yes it took 51 of the 109 for a yes that are none."""

FRESH = """
> I will cancel order #W46930. Your $34 will be refunded. Shall I go ahead?
yes | Yes, thanks for checking.
yes | Yes please, that would be great.
yes | Yes, please cancel it as soon as possible.
yes | Yes, go ahead and cancel that order for me.
yes | Yep, cancel away please.
yes | Yes, that's correct, please proceed.
yes | Yes, I'd like to cancel it.
yes | Yes, I want to cancel the order.
yes | Yes, I would like you to go ahead.
yes | Yes, cancel it please, I found a better deal.
yes | Yes, do it, thanks a lot!
yes | Sure, that works for me.
yes | Yes please. I ordered the wrong size.
yes | Yes, because I won't be home.
yes | Yes, please refund the $34.
yes | Okay, yes, cancel the order.
yes | Yes! Please cancel the whole order.
yes | That sounds good, yes please.
yes | Yes, you can go ahead.
yes | Yes, feel free to cancel it.
yes | Yes, that's what I want.
yes | Yes, that would be perfect, thank you.
yes | Yes, please do that for me.
yes | Yeah sure, why not.
yes | Yes, please. Appreciate your help.
yes | Yes, let's do that.
yes | Yes, I am okay with that.
yes | Yes, I agree with the cancellation.
yes | Please go ahead with cancelling order #W46930.
yes | Yes. Thank you for your patience.
unclear | Yes, I want a new one.
unclear | Yes, and add a mug.
unclear | Yes, put it on hold.
unclear | Yes, ship it anyway.
unclear | Yes. Send me a human.
unclear | Yes, the second item.
unclear | Yes, monday.
unclear | Yep, you said so.
unclear | Yes, same as last time?
unclear | Yes, I read that.
unclear | Sure, in two weeks.
unclear | Of course I am angry.
unclear | Yes, cash only.
unclear | Yes, my manager will call you.
unclear | Do it like last year.
unclear | Go ahead and surprise me.
unclear | Yes, to my PayPal.
unclear | Yes. Half of it.
unclear | Yes. I'd like a voucher.
unclear | Please do something about the delay.
unclear | Yes please, a voucher.
unclear | Yes I did order that.
unclear | Yes it's me.
unclear | Yes, speaking.
unclear | Yes, Liam here.
unclear | Okay so what now
unclear | Yes, I live there.
unclear | Yes, keep talking.
> I will swap the item of order #W46930 for a rain jacket. Shall I go ahead?
yes | Yes, swap it please.
yes | Yes, the rain jacket please.
yes | Yes, a rain jacket is what I need.
yes | Yes, please swap it for the rain jacket.
yes | Sure, the rain jacket sounds great.
yes | Go ahead with the swap.
yes | Yes, exchange it.
unclear | Yes, for a mug.
unclear | Yes, the blue one.
unclear | Yes, in size L.
unclear | Yes, two of them.
unclear | Yes, cancel it.
unclear | Yes and a mug too.
unclear | Yes, swap it for boots.
unclear | Yes, I already have a jacket.
> 我将取消订单#W46930，退款$34。可以办理吗？
yes | 是的，请取消订单。
yes | 好的，请帮我办理取消。
yes | 可以，麻烦您帮我取消一下。
yes | 对，取消并退款吧。
yes | 是的，我要取消。
yes | 好的，请退款。
yes | 可以，请尽快处理。
yes | 确认，我不想要了。
yes | 对，麻烦了，谢谢您。
yes | 是的，没问题，请取消吧。
unclear | 可以，退到微信
unclear | 是的，我在听
unclear | 好的，转经理
unclear | 对，下周一吧
unclear | 是，两个都取消
unclear | 可以，只退一半
unclear | 对，我叫王丽
unclear | 可以，换成杯子
unclear | 同意，给我发券
unclear | 是的，我刚才说过了
> 我将把订单#W46930换成雨衣。可以吗？
yes | 可以，换成雨衣吧。
yes | 好的，就换雨衣。
yes | 是的，请换货。
yes | 行，换吧，谢谢
unclear | 可以，换成靴子
unclear | 对，蓝色的
unclear | 可以，要两件
unclear | 好的，换成大号
"""
"""More of both. The lexicon that was mended by HOSTILE took 2 of 50 wrongly for a yes, and 5 of 51 wrongly for none."""
